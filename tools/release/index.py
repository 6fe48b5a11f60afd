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

"""Asks the package index about releases, through pip and uv.

Whichever index the user has configured is asked; no host is named here.
"""

import pathlib
import re
import subprocess
import tempfile
from typing import Sequence

from packaging import version as versions

from tfmot_contrib import errors
from tools.base import exceptions
from tools.versions import bootstrap
from tools.versions import releases

_NEWEST = 5
_RELEASE = re.compile(r'\d+\.\d+\.\d+')


def well_formed(text: str) -> versions.Version:
  """Reads the number of a release.

  Args:
    text: As it was given.

  Returns:
    The version.

  Raises:
    errors.InputError: It is no X.Y.Z, or a pre-release.
  """
  try:
    parsed = versions.Version(text)
  except versions.InvalidVersion as error:
    raise errors.InputError(
        f'{text!r} is no version: give a release as X.Y.Z, such as 0.8.0'
    ) from error
  if parsed.is_prerelease:
    raise errors.InputError(
        f'{text} is a pre-release, which a floor cannot be: give a release as'
        ' X.Y.Z'
    )
  if not _RELEASE.fullmatch(text):
    raise errors.InputError(
        f'{text!r} is not written as X.Y.Z: give a release, such as 0.8.0'
    )
  return parsed


def released(package: str = releases.PACKAGE) -> list[str]:
  """Lists the releases of a package, pre-releases excepted, oldest first.

  Args:
    package: Its name.

  Returns:
    The versions.

  Raises:
    errors.InputError: The index does not answer.
  """
  what = f'asking for the releases of {package}'
  said = bootstrap.pip('index', 'versions', package, what=what)
  listed = re.search('^Available versions: (.+)$', said, re.MULTILINE)
  if not listed:
    raise errors.InputError(
        f'pip said nothing of the releases of {package}: {said[:100]}'
    )
  return sorted(listed[1].split(', '), key=versions.Version)


def check_release(version: str, package: str = releases.PACKAGE) -> None:
  """Refuses a version that nobody should depend on.

  Args:
    version: As it was given.
    package: Of what.

  Raises:
    errors.InputError: It is malformed, a pre-release, unknown or yanked, or the
      index does not answer.
  """
  well_formed(version)
  known = released(package)  # pip does not list what was yanked.
  try:
    taken_back = yanked(version, package)
  except errors.InputError as error:
    if version in known:
      raise
    raise errors.InputError(
        f'there is no release {version} of {package}: the newest are'
        f' {", ".join(known[-_NEWEST:])}'
    ) from error
  if taken_back:
    raise errors.InputError(
        f'{package} {version} was yanked by its makers: give one of'
        f' {", ".join(v for v in known[-_NEWEST:] if v != version)}'
    )


def yanked(version: str, package: str = releases.PACKAGE) -> bool:
  """Asks whether a release was taken back.

  Args:
    version: A release.
    package: Of what.

  Returns:
    What uv says when it is asked for the release.

  Raises:
    errors.InputError: It cannot be had.
  """
  said = bootstrap.uv(
      *('pip', 'compile', '--no-deps', '--no-header', '-'),
      what=f'asking for {package} {version}',
      input=f'{package}=={version}',
      stderr=subprocess.STDOUT,
  )
  return 'is yanked' in said


def resolve(
    wanted: str, overridden: Sequence[str], constraints: pathlib.Path
) -> str:
  """Resolves TFMOT with TensorFlow for each supported Python.

  Args:
    wanted: The requirement, such as `tensorflow-model-optimization>=0.8.0`.
    overridden: Requirements of TFMOT that need not be met.
    constraints: The lock of TensorFlow's layer.

  Returns:
    The version, the same for each Python.

  Raises:
    errors.InputError: It does not resolve for one of them, or to different
      versions.
  """
  found = {}
  names = sorted({re.split(r'[^\w.-]', text)[0] for text in overridden})
  with tempfile.TemporaryDirectory(prefix='pin-') as scratch:
    overrides = pathlib.Path(scratch) / 'overrides.txt'
    overrides.write_text(''.join(f'{n}\n' for n in names), encoding='utf-8')
    for python in bootstrap.PYTHONS:
      command = ['pip', 'compile', '-q', '--no-header', '--no-annotate']
      command += ['--python-version', python, '--only-binary', ':all:']
      command += ['--constraints', constraints, '--overrides', overrides, '-']
      said = bootstrap.uv(
          *command,
          what=f'resolving {wanted} for Python {python}',
          input=f'{wanted}\ntensorflow\n',
      )
      pinned = re.search(f'^{releases.PACKAGE}==(\\S+)', said, re.MULTILINE)
      found[python] = pinned[1] if pinned else ''
  if len(set(found.values())) != 1 or '' in found.values():
    told = ', '.join(f'{v or "none"} for Python {p}' for p, v in found.items())
    raise errors.InputError(
        f'{wanted} is not the same for each supported Python: {told}'
    )
  return found[bootstrap.PYTHONS[0]]


def latest_from(
    floor: str, accepted: Sequence[exceptions.Entry], constraints: pathlib.Path
) -> str:
  """Resolves a floor and the newest release from it, each as it will be used.

  Args:
    floor: The oldest release.
    accepted: Requirements of TFMOT that need not be met, by its releases.
    constraints: The lock of TensorFlow's layer.

  Returns:
    The newest release.

  Raises:
    errors.InputError: One does not resolve: see `resolve`.
  """

  def wanted(what: str, release: str | None) -> str:
    names = [
        entry.what
        for entry in accepted
        if release is None or entry.covers(entry.what, release)
    ]
    return resolve(f'{releases.PACKAGE}{what}', names, constraints)

  wanted(f'=={floor}', floor)
  latest = wanted(f'>={floor}', None)
  return wanted(f'=={latest}', latest)
