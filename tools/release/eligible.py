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

"""Which releases of TFMOT may be the floor, and what resolves with them."""

import pathlib
import re
from typing import Sequence

from packaging import version as versions

from tfmot_contrib import errors
from tools.base import exceptions
from tools.env import bootstrap
from tools.env import index
from tools.env import releases

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


def check(version: str) -> None:
  """Refuses a version of TFMOT that nobody should depend on.

  Args:
    version: As it was given.

  Raises:
    errors.InputError: It is malformed, a pre-release, unknown or yanked, or the
      index does not answer.
  """
  well_formed(version)
  package = releases.PACKAGE
  known = index.available(package)  # pip does not list what was yanked.
  try:
    yanked = index.is_yanked(package, version)
  except errors.InputError as error:
    if version in known:
      raise
    raise errors.InputError(
        f'there is no release {version} of {package}: the newest are'
        f' {", ".join(known[-_NEWEST:])}'
    ) from error
  if yanked:
    raise errors.InputError(
        f'{package} {version} was yanked by its makers: give one of'
        f' {", ".join(v for v in known[-_NEWEST:] if v != version)}'
    )


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
  names = sorted({re.split(r'[^\w.-]', text)[0] for text in overridden})
  found = {
      python: index.resolve(
          releases.PACKAGE,
          [wanted, 'tensorflow'],
          constraints=constraints,
          overrides=names,
          options=['--python-version', python, '--only-binary', ':all:'],
      )
      for python in bootstrap.PYTHONS
  }
  if len(set(found.values())) != 1:
    told = ', '.join(f'{v} for Python {p}' for p, v in found.items())
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
