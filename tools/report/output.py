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

"""Writes the files of a report to the folder that --output names."""

import os
import pathlib
import shutil
import tempfile
from typing import Mapping

from tfmot_contrib import errors


def _unwritable(folder: pathlib.Path, error: OSError) -> errors.InputError:
  """Returns what to say of a folder that cannot be written."""
  return errors.InputError(
      f'cannot write the report to {folder}: {error.strerror}; give another'
      ' --output'
  )


def check(folder: pathlib.Path) -> None:
  """Refuses a folder that a report cannot be written to, and makes nothing.

  Args:
    folder: Where the report is to be. It need not be there yet.

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
    raise _unwritable(folder, error) from error


def write(folder: pathlib.Path, texts: Mapping[str, str]) -> list[pathlib.Path]:
  """Writes files, all or none.

  Args:
    folder: Where to; it is made.
    texts: By the name of the file.

  Returns:
    The paths.

  Raises:
    errors.InputError: The folder cannot be written.
  """
  try:
    folder.mkdir(parents=True, exist_ok=True)
    beside = pathlib.Path(tempfile.mkdtemp(dir=folder, prefix='.partial-'))
    try:
      for name, text in texts.items():
        (beside / name).write_text(text, encoding='utf-8')
      for name in texts:
        os.replace(beside / name, folder / name)
    finally:
      shutil.rmtree(beside, ignore_errors=True)
  except OSError as error:
    raise _unwritable(folder, error) from error
  return [folder / name for name in texts]
