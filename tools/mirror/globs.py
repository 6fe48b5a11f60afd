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

"""Globs that choose the files of the mirror.

They mean what git's `:(glob)` means: `*` and `?` stay within a part of a path,
`**` as a whole part stands for any number of parts. Only, a `?` is a character
here and a byte there, and there are no sets like `[a-z]`. A glob has to match a
whole path, and one that matches nothing is an error: most often it is a typing
mistake, or upstream moved what it meant.
"""

import functools
import re
from typing import Iterable, Sequence

from tfmot_contrib import errors

_WILD = {'*': '[^/]*', '?': '[^/]'}


@functools.cache
def compile_glob(glob: str) -> re.Pattern[str]:
  """Compiles a glob.

  Args:
    glob: Such as `official/**/*.py`.

  Returns:
    A pattern whose `fullmatch` tells whether a path is meant.

  Raises:
    errors.InputError: It is empty or absolute, has a backslash or a set.
  """
  parts = glob.split('/')
  if not all(parts) or '..' in parts:
    raise errors.InputError(
        f'the glob {glob!r} has an empty part or ..: write it like'
        ' official/**/*.py'
    )
  if set(glob) & set('\\['):
    raise errors.InputError(
        f'the glob {glob!r} has a backslash or a [: write it with *, ? and **'
        ' alone'
    )
  out = ''
  for number, part in enumerate(parts):
    last = number == len(parts) - 1
    if len(part) > 1 and not part.strip('*'):
      out += '.+' if last else '(?:[^/]+/)*'
    else:
      out += ''.join(_WILD.get(char) or re.escape(char) for char in part)
      out += '' if last else '/'
  return re.compile(out, re.DOTALL)


def select(
    names: Iterable[str],
    include: Sequence[str],
    exclude: Sequence[str] = (),
    where: str = 'the source',
) -> list[str]:
  """Chooses names by globs.

  Args:
    names: The paths of a tree.
    include: Globs; a name is chosen when one of them matches it.
    exclude: Globs that take chosen names away again.
    where: What the names are of, for the message.

  Returns:
    The chosen names, sorted.

  Raises:
    errors.InputError: A glob matches nothing, or an excluding one takes nothing
      away. The message names it.
  """
  left = sorted(names)
  chosen: set[str] = set()
  for glob in include:
    matched = set(filter(compile_glob(glob).fullmatch, left))
    if not matched:
      raise errors.InputError(
          f'the glob {glob!r} of [files] include matches nothing in {where}:'
          ' mend it in official/upstream.toml'
      )
    chosen |= matched
  taken: set[str] = set()
  for glob in exclude:
    matched = set(filter(compile_glob(glob).fullmatch, chosen))
    if not matched:
      raise errors.InputError(
          f'the glob {glob!r} of [files] exclude matches nothing that is'
          f' included from {where}: mend it in official/upstream.toml'
      )
    taken |= matched
  return [name for name in left if name in chosen and name not in taken]
