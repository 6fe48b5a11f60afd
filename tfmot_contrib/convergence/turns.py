# Copyright 2026 The TFMOT Models Authors. All Rights Reserved.
#
# Licensed under the Apache License, Version 2.0 (the "License");
# you may not use this file except in compliance with the License.
# You may obtain a copy of the License at
#
#     http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
# See the License for the specific language governing permissions and
# limitations under the License.

"""Lets as many runs train on this machine as keep it busy.

Bazel 4 takes an action for one core, whatever the rule declares, and would
start as many trainings as there are cores. So each of them waits for one of a
few places.
"""

import contextlib
import fcntl
import os
import pathlib
import time
from typing import Iterator

import numpy as np


def count(cpus: int) -> int:
  """Returns how many runs may train at once.

  It is one more than fit, because each of them reads, traces and waits on one
  core now and then: on two cores two at once train 1.4 times as many images a
  second as one after the other.

  Args:
    cpus: Threads of one run.

  Returns:
    The number of places.
  """
  return len(os.sched_getaffinity(0)) // cpus + 1


def places() -> list[pathlib.Path]:
  """Returns folders to lock: those of the installed distributions.

  Everybody who trains in an environment sees them, at the same path also in a
  sandbox, and a lock needs no permission to write, unlike a file of our own in
  a shared folder for temporary files.
  """
  return sorted(pathlib.Path(np.__file__).parents[1].glob('*.dist-info'))


@contextlib.contextmanager
def turn(cpus: int, seconds: float = 1.0) -> Iterator[None]:
  """Holds one of the places while the body runs; waits until one is free.

  Args:
    cpus: Threads of this run.
    seconds: How long to wait before it looks again.

  Yields:
    Nothing.
  """
  with contextlib.ExitStack() as stack:
    descriptors = []
    for place in places()[: count(cpus)]:
      descriptors.append(os.open(place, os.O_RDONLY))
      stack.callback(os.close, descriptors[-1])
    while descriptors:
      for descriptor in descriptors:
        try:
          fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
          continue
        except OSError:  # Some network file systems have no locks.
          pass
        yield
        return
      time.sleep(seconds)
    yield
