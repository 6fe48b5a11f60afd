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

"""Asks the package index: versions, wheels, what resolves, what was yanked.

pip and uv ask whichever index the user has configured; no host is named here.
"""

import pathlib
import re
import subprocess
import sys
import tempfile
from typing import Sequence

from tfmot_contrib import errors
from tools.env import bootstrap

_NEWEST = 5  # Versions that a message names.
_COMPILE = ('pip', 'compile', '--no-header', '--no-annotate')


def canonical(name: str) -> str:
  """Returns the one spelling of a package's name."""
  return re.sub(r'[-_.]+', '-', name).lower()


def available(package: str, *, pre: bool = False) -> list[str]:
  """Lists the versions of a package that were not yanked, oldest first.

  Args:
    package: Its name.
    pre: Whether pre-releases and nightlies count too.

  Returns:
    The versions.

  Raises:
    errors.InputError: The index has none, or does not answer.
  """
  what = f'asking for the versions of {package}'
  options = ['--pre'] if pre else []
  output = bootstrap.pip('index', 'versions', *options, package, what=what)
  listed = re.search('^Available versions: (.+)$', output, re.MULTILINE)
  if not listed:
    raise errors.InputError(f'{what}: pip lists none')
  from packaging import version as versions  # pylint: disable=g-import-not-at-top # Bazel has no packages.

  return sorted(listed[1].split(', '), key=versions.Version)


def wheel(package: str, version: str) -> pathlib.Path:
  """Returns a wheel from the user's cache, downloading it if it is not there.

  Args:
    package: Its name.
    version: Its version.

  Returns:
    The path of the wheel.

  Raises:
    errors.InputError: There is none of that version, or pip cannot get it.
  """
  target = bootstrap.cache_dir() / 'wheels' / f'{package}-{version}'
  with bootstrap.made_once(target) as partial:
    if partial:
      download(package, version, partial)
  path = next(target.glob('*.whl'), None)
  if path is None:
    raise errors.InputError(f'{target} has no wheel in it: delete it')
  return path


def download(package: str, version: str, folder: pathlib.Path) -> pathlib.Path:
  """Downloads a wheel.

  Args:
    package: Its name.
    version: Its version.
    folder: Where to put it.

  Returns:
    The path of the wheel.

  Raises:
    errors.InputError: There is none of that version, or pip cannot get it.
  """
  pin = f'{package}=={version}'
  print(f'downloading {pin}', file=sys.stderr, flush=True)
  command = ['download', '-q', '--no-deps', '--only-binary=:all:']
  try:
    bootstrap.pip(*command, '-d', folder, pin, what=f'downloading {pin}')
  except errors.InputError as error:
    listed = re.search(r'\(from versions: (.+?)\)', str(error))
    if not listed:
      raise
    newest = ', '.join(listed[1].split(', ')[-_NEWEST:])
    raise errors.InputError(
        f'there is no wheel of {package} {version}; the newest are {newest}'
    ) from error
  return next(folder.glob('*.whl'))


def is_yanked(package: str, version: str) -> bool:
  """Returns whether the makers of a release took it back.

  Args:
    package: Its name.
    version: Of the release.

  Returns:
    Whether uv warns of it.

  Raises:
    errors.InputError: There is no such release, or the index does not answer.
  """
  output = bootstrap.uv(
      *(*_COMPILE, '--no-deps', '-'),
      what=f'asking for {package} {version}',
      input=f'{package}=={version}',
      stderr=subprocess.STDOUT,
  )
  return 'is yanked' in output


def resolve(
    package: str,
    wanted: Sequence[str],
    *,
    constraints: pathlib.Path,
    overrides: Sequence[str] = (),
    options: Sequence[str] = (),
) -> str:
  """Returns the newest version of a package that resolves with a lock.

  Args:
    package: The package.
    wanted: Requirements, of this package and others.
    constraints: A lock that the answer has to agree with.
    overrides: Requirements that take the place of what packages ask for.
    options: More for `uv pip compile`, such as `--python-version`.

  Returns:
    The version.

  Raises:
    errors.InputError: Nothing resolves, or the index does not answer.
  """
  what = f'resolving {", ".join(wanted)}'
  with tempfile.TemporaryDirectory(prefix='index-') as scratch:
    listed = pathlib.Path(scratch) / 'overrides.txt'
    listed.write_text(''.join(f'{x}\n' for x in overrides), encoding='utf-8')
    command = [*_COMPILE, '-q', *options, '--constraints', constraints]
    command += ['--overrides', listed, '-']
    output = bootstrap.uv(*command, what=what, input='\n'.join(wanted) + '\n')
  pinned = re.search(rf'^{canonical(package)}==(\S+)', output, re.MULTILINE)
  if not pinned:
    raise errors.InputError(f'{what}: the answer does not name {package}')
  return pinned[1]
