package chaos

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// functions are the processes of a platform's functions.
type functions struct {
	dir      string // of the platform
	platform int    // its process
}

// that are those that run the function of that name; "" means any.
func (f functions) that(name string) ([]int, error) {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil, fmt.Errorf("find the platform's processes (this needs Linux): %w", err)
	}
	var found []int
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		if runs := f.runs(pid); runs != "" && (name == "" || runs == name) {
			found = append(found, pid)
		}
	}
	return found, nil
}

// runs is which function a process runs: it is a child of the platform's, and has a function's executable. Empty for any
// other process; one that has ended has no executable any more.
func (f functions) runs(pid int) string {
	if parent(pid) != f.platform {
		return ""
	}
	executable, err := os.Readlink(fmt.Sprintf("/proc/%d/exe", pid))
	if err != nil {
		return ""
	}
	function := filepath.Base(filepath.Dir(executable))
	if executable != filepath.Join(f.dir, ".build", function, "bootstrap") {
		return ""
	}
	return function
}

// parent is 0 for a process that is not there.
func parent(pid int) int {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0
	}
	// pid (name) state parent …, and the name may hold anything (proc(5)).
	fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
	id, err := strconv.Atoi(fields[1])
	if err != nil {
		return 0
	}
	return id
}

// kill ends processes of the platform's functions with SIGKILL, as close together as can be. It returns the functions of
// those that it met alive.
func (f functions) kill(pids []int) ([]string, error) {
	type victim struct {
		*os.Process
		function string
	}
	var victims []victim
	for _, pid := range pids {
		// The handle first, then the look: an id that went to another process meanwhile is found out.
		handle, err := os.FindProcess(pid)
		if err != nil {
			continue // it has ended meanwhile
		}
		if function := f.runs(pid); function != "" {
			victims = append(victims, victim{handle, function})
		}
	}
	var killed []string
	var faults []error
	for _, v := range victims {
		switch err := v.Kill(); {
		case err == nil:
			killed = append(killed, v.function)
		case !errors.Is(err, os.ErrProcessDone):
			faults = append(faults, fmt.Errorf("kill process %d: %w", v.Pid, err))
		}
		_ = v.Release() // it gives the handle back, and cannot fail otherwise
	}
	return killed, errors.Join(faults...)
}
