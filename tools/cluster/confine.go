package main

import (
	"fmt"
	"net"
	"os"
	"strconv"
	"syscall"
	_ "unsafe" // for go:linkname

	"golang.org/x/sys/unix"
)

// parentVariable holds the process id of the test run that a program must not outlive.
const parentVariable = "TENANTRY_CLUSTER_PARENT"

// dieWithParent asks the kernel to end this program when the test run that started it ends, even by SIGKILL.
func dieWithParent() error {
	value, ok := os.LookupEnv(parentVariable)
	if !ok {
		return nil
	}
	_ = os.Unsetenv(parentVariable) // not for the children's eyes
	parent, err := strconv.Atoi(value)
	if err != nil {
		return fmt.Errorf("%s=%q: not a process id", parentVariable, value)
	}
	if err := unix.Prctl(unix.PR_SET_PDEATHSIG, uintptr(unix.SIGKILL), 0, 0, 0); err != nil {
		return fmt.Errorf("asking to end with the parent process: %w", err)
	}
	if os.Getppid() != parent {
		return fmt.Errorf("the test run %d has ended already", parent)
	}
	return nil
}

// netListen is what package net calls between bind(2) and the first accept(2) of every listener. Setting it needs
// -ldflags=-checklinkname=0.
//
//go:linkname netListen net.listenFunc
var netListen func(fd, backlog int) error

// listenOnLoopbackOnly ties every listener on 0.0.0.0 or [::] to the loopback device. Argo CD's application controller
// needs it: the address of its metrics cannot be set. (Binding to a device needs no privilege since Linux 5.7.)
func listenOnLoopbackOnly() {
	listen := netListen
	netListen = func(fd, backlog int) error {
		address, err := syscall.Getsockname(fd)
		if err != nil {
			return err
		}
		var ip net.IP
		switch a := address.(type) {
		case *syscall.SockaddrInet4:
			ip = a.Addr[:]
		case *syscall.SockaddrInet6:
			ip = a.Addr[:]
		}
		if ip.IsUnspecified() {
			if err := unix.BindToDevice(fd, "lo"); err != nil {
				return fmt.Errorf("keeping a listener on loopback: %w", err)
			}
		}
		return listen(fd, backlog)
	}
}
