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

"""Compares what TFMOT asks for with what the environment has.

TFMOT is installed without its requirements, so that they cannot change the
TensorFlow that is tested. This module runs in the environment that was made and
prints, as JSON, a sentence for each requirement that it does not meet. The
exceptions of pyproject.toml come on standard input.
"""

from importlib import metadata
import json
import platform
import sys
from typing import Callable, Sequence

from packaging import requirements
from packaging import specifiers
from packaging import utils

from tfmot_contrib import errors
from tools.base import exceptions

SOURCE = 'pyproject.toml, [[tool.tfmot_models.environment.exceptions]]'
# What takes the place of a package when TensorFlow is a nightly.
NIGHTLIES = {
    'keras': ('keras-nightly',),
    'tensorboard': ('tb-nightly',),
    'tensorflow': ('tf-nightly', 'tf-nightly-cpu', 'tensorflow-cpu'),
    'tf-keras': ('tf-keras-nightly',),
}


def version_here(name: str) -> str | None:
  """Returns the version of a package that is installed, or None."""
  try:
    return metadata.version(name)
  except metadata.PackageNotFoundError:
    return None


def installed(name: str) -> str | None:
  """Returns the version of a package, or of the nightly in its place."""
  candidates = (name, *NIGHTLIES.get(name, ()))
  return next(filter(None, map(version_here, candidates)), None)


def find(
    tfmot: metadata.Distribution,
    accepted: Sequence[exceptions.Entry],
    version_of: Callable[[str], str | None] = installed,
    python: str = platform.python_version(),
) -> list[str]:
  """Finds the requirements of TFMOT that are not met.

  Args:
    tfmot: The distribution that is installed.
    accepted: Requirements that need not be met, by versions of TFMOT.
    version_of: Returns the version of a package, or None if there is none.
    python: The version of the interpreter.

  Returns:
    A sentence for each.
  """
  found = []
  who = f'TFMOT {tfmot.version}'
  asked = tfmot.metadata['Requires-Python'] or ''
  if not specifiers.SpecifierSet(asked).contains(python, prereleases=True):
    found.append(f'{who} asks for Python {asked}, this is {python}')
  for text in tfmot.requires or []:
    requirement = requirements.Requirement(text)
    marker, requirement.marker = requirement.marker, None
    if marker and not marker.evaluate({'extra': ''}):
      continue
    there = version_of(utils.canonicalize_name(requirement.name))
    if there and requirement.specifier.contains(there, prereleases=True):
      continue
    name = utils.canonicalize_name(requirement.name)
    asked = f'{name}{requirement.specifier}'
    if exceptions.covering(accepted, asked, tfmot.version):
      continue
    has = f'has {requirement.name} {there}' if there else 'has none'
    found.append(f'{who} asks for {requirement}, the environment {has}')
  return found


@errors.exits_with_one_line
def main(argv: Sequence[str]) -> None:
  """Prints what clashes with TFMOT, which is alone in the folder argv[0]."""
  (tfmot,) = metadata.distributions(path=[argv[0]])
  accepted = exceptions.parse(json.load(sys.stdin), SOURCE)
  print(json.dumps(find(tfmot, accepted)))


if __name__ == '__main__':
  main(sys.argv[1:])
