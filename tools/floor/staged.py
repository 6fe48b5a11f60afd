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

"""Writes several files as one: all of them, or none.

Each file is written beside its place first, then all are renamed. If a rename
fails, those that were done are undone.
"""

import os
import pathlib
import stat
import tempfile
from typing import Mapping

from tfmot_contrib import errors


def write(root: pathlib.Path, texts: Mapping[str, str]) -> None:
  """Writes files, all or none.

  Args:
    root: The folder that paths are relative to.
    texts: By path, the whole text.

  Raises:
    errors.InputError: Something cannot be written. Nothing has changed.
  """
  ready: list[tuple[pathlib.Path, pathlib.Path]] = []
  before: dict[pathlib.Path, bytes | None] = {}
  done: list[pathlib.Path] = []
  try:
    for name, text in texts.items():
      path = root / name
      path.parent.mkdir(parents=True, exist_ok=True)
      before[path] = path.read_bytes() if path.exists() else None
      mode = stat.S_IMODE(path.stat().st_mode) if path.exists() else 0o644
      with tempfile.NamedTemporaryFile(
          'w', dir=path.parent, prefix='.pin-', delete=False, encoding='utf-8'
      ) as stream:
        ready.append((pathlib.Path(stream.name), path))
        stream.write(text)
      os.chmod(stream.name, mode)
    for partial, path in ready:
      os.replace(partial, path)
      done.append(path)
  except BaseException as error:
    for path in done:
      old = before[path]
      if old is None:
        path.unlink(missing_ok=True)
      else:
        path.write_bytes(old)
    if isinstance(error, OSError):
      raise errors.InputError(
          f'cannot write {error.filename2 or error.filename}:'
          f' {error.strerror}; nothing was changed'
      ) from error
    raise
  finally:
    for partial, _ in ready:
      partial.unlink(missing_ok=True)
