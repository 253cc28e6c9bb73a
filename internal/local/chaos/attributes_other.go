//go:build !linux

package chaos

import "syscall"

func processAttributes() *syscall.SysProcAttr { return nil }
