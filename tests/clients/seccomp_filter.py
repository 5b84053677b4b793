"""System calls that fail as under a container's seccomp profile, by a filter of this process and its
children. Written with prctl, because it is four instructions for each call."""

import ctypes
import errno
import os

# Both runtimes list what a container may call, and answer a fixed error to everything else.
#
# Docker 25 and later, containerd 2: moby's default profile has
#     "defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": 1
# and io_uring_setup, io_uring_enter and io_uring_register in no list (moby/moby, profiles/seccomp/default.json,
# since pull request 46762).
DOCKER = errno.EPERM
# podman: the same with "defaultErrnoRet": 38 (containers/common, pkg/seccomp/seccomp.json).
PODMAN = errno.ENOSYS

IO_URING_CALLS = (425, 426, 427)  # io_uring_setup, _enter and _register, on every architecture


def refuse_io_uring(error):
    """Makes the calls of io_uring fail with `error`. Call it in the child process before exec."""

    class Filter(ctypes.Structure):
        _fields_ = [("code", ctypes.c_ushort), ("jt", ctypes.c_ubyte), ("jf", ctypes.c_ubyte), ("k", ctypes.c_uint)]

    class Program(ctypes.Structure):
        _fields_ = [("length", ctypes.c_ushort), ("filter", ctypes.POINTER(Filter))]

    load, jump_if_equal, return_value = 0x20, 0x15, 0x06  # from <linux/bpf_common.h>
    instructions = [(load, 0, 0, 0)]  # the system call's number
    for number in IO_URING_CALLS:
        instructions.append((jump_if_equal, 0, 1, number))
        instructions.append((return_value, 0, 0, 0x0005_0000 | error))  # SECCOMP_RET_ERRNO
    instructions.append((return_value, 0, 0, 0x7FFF_0000))  # SECCOMP_RET_ALLOW
    program = Program(len(instructions), (Filter * len(instructions))(*(Filter(*i) for i in instructions)))
    libc = ctypes.CDLL(None, use_errno=True)
    set_no_new_privileges, set_seccomp, mode_filter = 38, 22, 2
    if libc.prctl(set_no_new_privileges, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "PR_SET_NO_NEW_PRIVS")
    if libc.prctl(set_seccomp, mode_filter, ctypes.byref(program), 0, 0) != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
