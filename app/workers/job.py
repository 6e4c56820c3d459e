"""Windows only: a job object that ends the engine with the app and bounds its memory.

Windows has neither parent death nor RLIMIT_DATA. The job lives as long as its handle, and the
handle as long as the app: however the app ends, the system ends what is in the job.
"""

import ctypes
import sys
from ctypes import wintypes
from typing import Any

_EXTENDED_LIMITS = 9
_KILL_ON_CLOSE = 0x2000
_PROCESS_MEMORY = 0x0100


class _Basic(ctypes.Structure):
    _fields_ = (
        ("per_process_user_time", ctypes.c_int64),
        ("per_job_user_time", ctypes.c_int64),
        ("limit_flags", wintypes.DWORD),
        ("minimum_working_set", ctypes.c_size_t),
        ("maximum_working_set", ctypes.c_size_t),
        ("active_process_limit", wintypes.DWORD),
        ("affinity", ctypes.c_size_t),
        ("priority_class", wintypes.DWORD),
        ("scheduling_class", wintypes.DWORD),
    )


class _Extended(ctypes.Structure):
    _fields_ = (
        ("basic", _Basic),
        ("io_counters", ctypes.c_uint64 * 6),
        ("process_memory_limit", ctypes.c_size_t),
        ("job_memory_limit", ctypes.c_size_t),
        ("peak_process_memory", ctypes.c_size_t),
        ("peak_job_memory", ctypes.c_size_t),
    )


def contain(process_handle: int, memory_bytes: int) -> int:
    """The job's handle; closing it ends the process."""
    if sys.platform != "win32":
        raise NotImplementedError("job objects are a thing of Windows")
    kernel: Any = ctypes.WinDLL("kernel32", use_last_error=True)
    kernel.CreateJobObjectW.restype = wintypes.HANDLE
    job = kernel.CreateJobObjectW(None, None)
    limits = _Extended()
    limits.basic.limit_flags = _KILL_ON_CLOSE | (_PROCESS_MEMORY if memory_bytes else 0)
    limits.process_memory_limit = memory_bytes
    done = kernel.SetInformationJobObject(
        wintypes.HANDLE(job), _EXTENDED_LIMITS, ctypes.byref(limits), ctypes.sizeof(limits)
    ) and kernel.AssignProcessToJobObject(wintypes.HANDLE(job), wintypes.HANDLE(process_handle))
    if not done:
        raise ctypes.WinError(ctypes.get_last_error())
    return job


def release(job: int) -> None:
    if sys.platform == "win32":
        kernel: Any = ctypes.WinDLL("kernel32")
        kernel.CloseHandle(wintypes.HANDLE(job))
