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

"""Keeps what libraries print, TensorFlow's C++ included, out of the way."""

import contextlib
import os
import pathlib
import sys
import tempfile
from typing import Iterator


@contextlib.contextmanager
def printing_to(path: pathlib.Path) -> Iterator[None]:
  """Sends what this process and its libraries print to a file.

  Args:
    path: The file, which is overwritten.

  Yields:
    Nothing.
  """
  saved = [os.dup(descriptor) for descriptor in (1, 2)]
  try:
    with open(path, 'w', encoding='utf-8') as log:
      for descriptor in (1, 2):
        os.dup2(log.fileno(), descriptor)
      yield
  finally:
    sys.stdout.flush()
    sys.stderr.flush()
    for descriptor, copy in zip((1, 2), saved, strict=True):
      os.dup2(copy, descriptor)
      os.close(copy)


@contextlib.contextmanager
def quiet() -> Iterator[None]:
  """Shows what this process prints only if it fails.

  Yields:
    Nothing.
  """
  with tempfile.TemporaryDirectory() as folder:
    log = pathlib.Path(folder) / 'log.txt'
    try:
      with printing_to(log):
        yield
    except BaseException:
      sys.stderr.write(log.read_text(encoding='utf-8', errors='replace'))
      raise
