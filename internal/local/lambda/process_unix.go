//go:build unix && !linux

package lambda

import "syscall"

// processAttributes puts a process into a group of its own. See the package comment for what is missing without Linux.
func processAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true}
}
