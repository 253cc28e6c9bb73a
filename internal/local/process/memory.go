package process

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
)

// PeakMemory is the largest resident set that a process of a function that is alive has had, in bytes; 0 where that cannot
// be told. The local platform ends no process that is idle.
func (p *Platform) PeakMemory(function string) int64 {
	var most int64
	for _, pid := range children(p.PID(), function) {
		most = max(most, PeakMemory(pid))
	}
	return most
}

// ForgetPeaks has the peaks of a function's processes begin anew, with what they hold now.
func (p *Platform) ForgetPeaks(function string) error {
	for _, pid := range children(p.PID(), function) {
		if err := ForgetPeak(pid); err != nil {
			return fmt.Errorf("forget the peak of %s: %w", function, err)
		}
	}
	return nil
}

// Variable is what a function's processes have in their environment; empty where none is alive or none has it.
func (p *Platform) Variable(function, name string) string {
	for _, pid := range children(p.PID(), function) {
		if value := Variable(pid, name); value != "" {
			return value
		}
	}
	return ""
}

// PeakMemory is the largest resident set that a process has had, in bytes (proc(5), /proc/pid/status, VmHWM); 0 where that
// cannot be told.
func PeakMemory(pid int) int64 {
	content, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	for line := range bytes.Lines(content) {
		if fields := bytes.Fields(line); len(fields) == 3 && string(fields[0]) == "VmHWM:" {
			kilobytes, _ := strconv.ParseInt(string(fields[1]), 10, 64)
			return kilobytes << 10
		}
	}
	return 0
}

// ForgetPeak makes what a process holds now its peak (proc(5), /proc/pid/clear_refs).
func ForgetPeak(pid int) error {
	const peak = "5"
	return os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", pid), []byte(peak), 0)
}

// Variable is what a process was started with (proc(5), /proc/pid/environ); empty where that cannot be told.
func Variable(pid int, name string) string {
	content, _ := os.ReadFile(fmt.Sprintf("/proc/%d/environ", pid))
	for pair := range bytes.SplitSeq(content, []byte{0}) {
		if value, is := bytes.CutPrefix(pair, []byte(name+"=")); is {
			return string(value)
		}
	}
	return ""
}
