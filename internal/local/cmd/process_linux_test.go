package main_test

import (
	"fmt"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// processes are the ids of all that run an executable of the folder, or below it. A zombie is none: it has no
// executable any more, and whoever inherits it may never reap it.
func processes(t *testing.T, path string) []int {
	t.Helper()
	var found []int
	for _, pid := range everyone(t) {
		exe, err := os.Readlink(fmt.Sprintf("/proc/%d/exe", pid))
		if err == nil && (exe == path || strings.HasPrefix(exe, path+"/")) {
			found = append(found, pid)
		}
	}
	return found
}

// relatives are the ids of all whose parent or group is pid, zombies left out.
func relatives(t *testing.T, pid int) []int {
	t.Helper()
	var found []int
	for _, other := range everyone(t) {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", other))
		if err != nil {
			continue // it has ended meanwhile
		}
		// pid (name) state parent group …, and the name may hold anything (proc(5)).
		fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
		id := strconv.Itoa(pid)
		if fields[0] != "Z" && (fields[1] == id || fields[2] == id) {
			found = append(found, other)
		}
	}
	return found
}

func everyone(t *testing.T) []int {
	t.Helper()
	entries, err := os.ReadDir("/proc")
	must(t, err)
	var pids []int
	for _, e := range entries {
		if pid, err := strconv.Atoi(e.Name()); err == nil {
			pids = append(pids, pid)
		}
	}
	return pids
}

// left is what a platform in the folder has left behind.
func left(t *testing.T, dir string, pid int) []int {
	t.Helper()
	all := append(processes(t, dir), relatives(t, pid)...)
	slices.Sort(all)
	return slices.Compact(all)
}

// ports are a platform's.
type ports map[string]int

var variables = []string{"PORT", "VONAGE_PORT", "DYNAMODB_PORT", "SQS_PORT"}

// The numbers below those that the kernel gives to outgoing connections (ip(7), ip_local_port_range), which could take
// one between the moment that it is found free and the moment that the platform listens.
const lowestPort, highestPort = 20_000, 32_000

var nextPort = struct {
	sync.Mutex
	number int
}{number: lowestPort + os.Getpid()*16%(highestPort-lowestPort)}

// freePorts finds ports that no other test is given.
func freePorts(t *testing.T) ports {
	t.Helper()
	nextPort.Lock()
	defer nextPort.Unlock()
	found := ports{}
	for tries := 0; len(found) < len(variables); tries++ {
		if tries == highestPort-lowestPort {
			t.Fatal("no port is free")
		}
		if nextPort.number++; nextPort.number > highestPort {
			nextPort.number = lowestPort
		}
		if listener, err := listen(nextPort.number); err == nil {
			must(t, listener.Close())
			found[variables[len(found)]] = nextPort.number
		}
	}
	return found
}

// freePortsBut takes one of them itself. Another program may be quicker: then others are chosen.
func freePortsBut(t *testing.T, taken string) (ports, net.Listener) {
	t.Helper()
	for range 10 {
		found := freePorts(t)
		if listener, err := listen(found[taken]); err == nil {
			return found, listener
		}
	}
	t.Fatal("ten ports were taken by others")
	panic("unreachable")
}

func listen(port int) (net.Listener, error) {
	return net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
}

// mustBeFree takes and gives back every port.
func (p ports) mustBeFree(t *testing.T) {
	t.Helper()
	for name, number := range p {
		listener, err := listen(number)
		if err != nil {
			t.Errorf("%s is still taken: %v", name, err)
			continue
		}
		must(t, listener.Close())
	}
}

func (p ports) environment() []string {
	var env []string
	for name, number := range p {
		env = append(env, name+"="+strconv.Itoa(number))
	}
	return env
}

// patience is how long something may take that has no limit of its own, on a machine that is busy with other things.
const patience = 30 * time.Second

// waitFor polls: other processes keep no virtual time.
func waitFor(t *testing.T, what string, done func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !done(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited in vain for %s", what)
		}
	}
}
