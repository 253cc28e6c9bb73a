package process

import "syscall"

// attributes puts a platform into a group of its own, so that Ctrl-C ends it through the context, and has the
// kernel kill it when this process dies.
func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
