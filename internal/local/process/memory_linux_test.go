package process_test

import (
	"os"
	"os/exec"
	"runtime/debug"
	"testing"

	"sluice/internal/local/process"
)

func TestThePeakOfAProcessIsToldAndForgotten(t *testing.T) {
	const size, page = 128 << 20, 4 << 10
	held := make([]byte, size)
	for i := 0; i < size; i += page {
		held[i] = 1
	}
	if sum := int(held[0]) + int(held[size-page]); sum != 2 {
		t.Fatal("nothing is held")
	}
	before := process.PeakMemory(os.Getpid())
	if before < size {
		t.Fatalf("the peak is %d bytes, %d are held", before, size)
	}
	held = nil
	debug.FreeOSMemory()
	must(t, process.ForgetPeak(os.Getpid()))
	if after := process.PeakMemory(os.Getpid()); after <= 0 || after > before-size/2 {
		t.Errorf("the peak was %d bytes and is %d", before, after)
	}
	if none := process.PeakMemory(-1); none != 0 {
		t.Errorf("no process has a peak of %d bytes", none)
	}
	if err := process.ForgetPeak(-1); err == nil {
		t.Error("the peak of no process was forgotten")
	}
}

func TestTheVariablesOfAProcessAreTold(t *testing.T) {
	t.Parallel()
	cmd := exec.Command("sh", "-c", "echo ready; read end")
	cmd.Env = []string{"OTHER=1", "GOMEMLIMIT=430MiB"}
	in, err := cmd.StdinPipe()
	must(t, err)
	out, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	defer func() {
		_ = in.Close()
		_ = cmd.Wait() // there was nothing to read
	}()
	_, err = out.Read(make([]byte, 1)) // it runs
	must(t, err)
	if got := process.Variable(cmd.Process.Pid, "GOMEMLIMIT"); got != "430MiB" {
		t.Errorf("GOMEMLIMIT is %q", got)
	}
	if got := process.Variable(cmd.Process.Pid, "MEMLIMIT"); got != "" {
		t.Errorf("MEMLIMIT is %q", got)
	}
	if got := process.Variable(-1, "PATH"); got != "" {
		t.Errorf("no process has %q", got)
	}
}
