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

"""Reads text files, and writes files whole or not at all."""

import contextlib
import os
import pathlib
import stat
import tempfile
from typing import Mapping

from tfmot_contrib import errors


def read(path: pathlib.Path) -> str:
  """Returns the text of a file of the project.

  Args:
    path: The file.

  Returns:
    Its text.

  Raises:
    errors.InputError: It cannot be read, or is no UTF-8.
  """
  try:
    return path.read_text(encoding='utf-8')
  except OSError as error:
    raise errors.InputError(
        f'cannot read {path}: {error.strerror}; restore it with git'
    ) from error
  except UnicodeDecodeError as error:
    raise errors.InputError(f'{path} is no UTF-8: restore it with git') from (
        error
    )


def refuse_unwritable(folder: pathlib.Path) -> None:
  """Refuses a folder that could not be written to, and makes nothing.

  Args:
    folder: It need not be there yet.

  Raises:
    errors.InputError: It is no folder, or cannot be written.
  """
  there = folder.absolute()
  try:
    while not there.exists():
      there = there.parent
    with tempfile.TemporaryDirectory(dir=there, prefix='.partial-'):
      pass
  except OSError as error:
    raise errors.InputError(
        f'cannot write to {folder}: {error.strerror}; give another folder'
    ) from error


def write(path: pathlib.Path, content: str | bytes) -> None:
  """Writes a file, whole or not at all.

  Args:
    path: The file; its folder is made.
    content: All of it; text becomes UTF-8.

  Raises:
    errors.InputError: It cannot be written. It is as it was.
  """
  write_all(path.parent, {path.name: content})


def write_all(root: pathlib.Path, contents: Mapping[str, str | bytes]) -> None:
  """Writes several files: all of them, or none.

  Each is written beside its place first, then all are renamed. If a rename
  fails, those before it are undone. A file keeps its permissions.

  Args:
    root: The folder that paths are relative to.
    contents: By path, the whole content; text becomes UTF-8.

  Raises:
    errors.InputError: One cannot be written. Nothing has changed.
  """
  ready: list[tuple[pathlib.Path, pathlib.Path]] = []
  before: dict[pathlib.Path, bytes | None] = {}
  try:
    for name, content in contents.items():
      path = root / name
      path.parent.mkdir(parents=True, exist_ok=True)
      mode = stat.S_IMODE(path.stat().st_mode) if path.exists() else 0o644
      data = content.encode() if isinstance(content, str) else content
      handle, partial = tempfile.mkstemp(dir=path.parent, prefix='.partial-')
      ready.append((pathlib.Path(partial), path))
      with open(handle, 'wb') as stream:
        stream.write(data)
      os.chmod(partial, mode)
    for partial, path in ready:
      old = path.read_bytes() if path.exists() else None
      os.replace(partial, path)
      before[path] = old
  except BaseException as error:
    for path, old in before.items():
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
      with contextlib.suppress(OSError):
        partial.unlink(missing_ok=True)
