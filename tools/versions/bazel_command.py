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

"""The command line and the environment that Bazel is called with.

Bazel wants a home folder for what it makes and a user name, and its disk cache
has to be where TFMOT_MODELS_CACHE says. A path with a space, a colon or a
letter that is not ASCII is beyond Bazel 4 and the PYTHONPATH of its Python
rules, so that such a clone is refused in one line.
"""

import os
import pathlib
import pwd
import re

from tfmot_contrib import errors
from tools.versions import bootstrap

_UNFIT = re.compile(r'[^!-9;-~]')
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
  startup = (*_output_root(), *startup)
  cached = _disk_cache() if command in _BUILDS else ()
  return [program, *startup, command, *cached, *arguments]


def environ() -> dict[str, str]:
  """Returns the environment variables of the user, with a user name."""
  found = dict(os.environ)
  if not found.get('USER'):
    try:
      found['USER'] = pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
      found['USER'] = f'user{os.getuid()}'
  return found


def _check(path: pathlib.Path, mend: str) -> None:
  """Refuses a path that Bazel cannot work in."""
  if _UNFIT.search(str(path)):
    raise errors.InputError(
        f'Bazel cannot work in {path}, whose path has a space, a colon or a'
        f' letter that is not ASCII: {mend}'
    )


def _output_root() -> tuple[str, ...]:
  """Returns where Bazel puts what it makes, where its default does not do."""
  home = os.path.expanduser('~')
  default = pathlib.Path(home) / '.cache/bazel'
  if home.startswith('/') and not _UNFIT.search(home) and _writable(default):
    return ()
  other = bootstrap.cache_dir() / 'bazel_output'
  _check(other, 'set TFMOT_MODELS_CACHE to another folder')
  return (f'--output_user_root={other}',)


def _disk_cache() -> tuple[str, ...]:
  """Returns the disk cache, where the one of .bazelrc does not do."""
  cache = bootstrap.cache_dir() / 'bazel'
  if not _writable(cache) and not cache.is_dir():
    return ('--disk_cache=',)
  default = os.path.expanduser('~/.cache/tfmot_models/bazel')
  return () if str(cache) == default else (f'--disk_cache={cache}',)


def _writable(path: pathlib.Path) -> bool:
  """Returns whether a folder can be written, or made."""
  there = next(place for place in (path, *path.parents) if place.exists())
  return there.is_dir() and os.access(there, os.W_OK | os.X_OK)
