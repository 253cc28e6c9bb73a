package process

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// tick is the unit of the times in /proc: USER_HZ, which is 100 wherever Go runs on Linux.
const tick = time.Second / 100

// ProcessorTime is what the processes of a function that are alive have used so far; 0 where that cannot be told.
func (p *Platform) ProcessorTime(function string) time.Duration {
	var sum time.Duration
	for _, pid := range children(p.PID(), function) {
		sum += ProcessorTime(pid)
	}
	return sum
}

// ProcessorTime is what a process has used so far; 0 where that cannot be told.
func ProcessorTime(pid int) time.Duration {
	const utime, stime = 14 - 3, 15 - 3
	fields := stat(pid)
	if len(fields) <= stime {
		return 0
	}
	user, _ := strconv.Atoi(fields[utime])
	system, _ := strconv.Atoi(fields[stime])
	return time.Duration(user+system) * tick
}

// stat are the fields of a process from its state on (proc(5), /proc/pid/stat); nil where there is none.
func stat(pid int) []string {
	content, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return nil
	}
	// pid (name) state …, and the name may hold anything.
	return strings.Fields(string(content[strings.LastIndexByte(string(content), ')')+1:]))
}

// children are the processes of a platform's function; none where that cannot be told.
func children(platform int, function string) []int {
	entries, _ := os.ReadDir("/proc")
	var found []int
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		const parent = 4 - 3
		fields := stat(pid)
		executable, err := os.Readlink(fmt.Sprintf("/proc/%d/exe", pid))
		if err != nil || len(fields) <= parent || fields[parent] != strconv.Itoa(platform) {
			continue
		}
		if filepath.Base(filepath.Dir(executable)) == function {
			found = append(found, pid)
		}
	}
	return found
}
