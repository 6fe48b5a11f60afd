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

"""The command line that Bazel is called with.

Bazel wants a home folder for what it makes, and its disk cache has to be where
TFMOT_MODELS_CACHE says. A path with a space, a colon or a
letter that is not ASCII is beyond Bazel 4 and the PYTHONPATH of its Python
rules, so that such a clone is refused in one line.
"""

import os
import pathlib
import re

from tfmot_contrib import errors
from tfmot_contrib import surroundings
from tools.env import bootstrap

_UNFIT = re.compile(r'[^!-9;-~]')
_ELSEWHERE = 'set TFMOT_MODELS_CACHE to another folder'
_BUILDS = ('build', 'coverage', 'run', 'test')


def words(
    program: str,
    command: str,
    *arguments: str,
    startup: tuple[str, ...] = (),
    root: pathlib.Path = bootstrap.ROOT,
) -> list[str]:
  """Returns the words of a command.

  Args:
    program: The path of Bazel.
    command: `build`, `query` and the like.
    *arguments: Of the command.
    startup: Options before the command.
    root: The folder of the project.

  Returns:
    The words.

  Raises:
    errors.InputError: Bazel cannot work in a folder, or there is none for it.
  """
  _check(root, 'clone to another folder')
  if not str(cache := bootstrap.cache_dir()).isascii():  # Spaces do no harm.
    _check(cache, _ELSEWHERE)
  startup = (*_output_root(), *startup)
  cached = _disk_cache() if command in _BUILDS else ()
  return [program, *startup, command, *cached, *arguments]


def _check(path: pathlib.Path, mend: str) -> None:
  """Refuses a path that Bazel cannot work in."""
  if _UNFIT.search(str(path)):
    raise errors.InputError(
        f'Bazel cannot work in {path}, whose path has a space, a colon or a'
        f' letter that is not ASCII: {mend}'
    )


def _output_root() -> tuple[str, ...]:
  """Returns where Bazel puts what it makes, where its default does not do."""
  default = os.path.expanduser('~/.cache/bazel')
  fits = default.startswith('/') and not _UNFIT.search(default)
  if fits and surroundings.writable(default):
    return ()
  other = bootstrap.cache_dir() / 'bazel_output'
  _check(other, _ELSEWHERE)
  if fits and not surroundings.writable(str(other)):
    return ()  # As good as the default, of which Bazel says what is wrong.
  return (f'--output_user_root={other}',)


def _disk_cache() -> tuple[str, ...]:
  """Returns the disk cache, where the one of .bazelrc does not do."""
  cache = bootstrap.cache_dir() / 'bazel'
  if not cache.is_dir() and not surroundings.writable(str(cache)):
    return ('--disk_cache=',)
  default = os.path.expanduser('~/.cache/tfmot_models/bazel')
  return () if str(cache) == default else (f'--disk_cache={cache}',)
