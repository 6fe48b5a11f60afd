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

"""Writes the change of Official Models' own requirement, ready to be sent.

Official Models asks for a TFMOT that lacks what its code takes from it. Out
come a patch of its requirements file and the text of a pull request. The number
stands on the table of symbols and, for the release before, on nothing typed.
"""

import json
import pathlib
import re

from tfmot_contrib import errors
from tools.floor import derive
from tools.floor import index
from tools.floor import inputs
from tools.floor import symbols
from tools.floor import tight
from tools.mirror import pin as pins
from tools.mirror import sources

FOLDER = pathlib.Path('docs/upstream')
NAME = 'official-tfmot-requirement'
_FILE = 'official/requirements.txt'
_PATCH = """\
Ask for the TensorFlow Model Optimization Toolkit that the code needs.

--- a/{file}
+++ b/{file}
@@ -{line} +{line} @@
-{old}
+{new}
"""
_TEXT = """\
# Official Models asks for a TFMOT that its code does not run with

Patch: [`{name}.patch`]({name}.patch), for `patch -p1`, which finds the line:
`{old}` becomes
`{new}`.

## Why

tf-models-official {version} declares
`{old}`, so an installer may leave an old release in
place. What the code takes from TFMOT is in every release from {floor} on, and
{before} lacks of it:

{needing}

Found by reading: the names, attributes and keyword arguments that the
{files} Python files of `official/` that import TFMOT take from it (their tests
excepted), {uses} in all, against the wheels of TFMOT {first} to {last}.

## To see it

    pip install 'tensorflow-model-optimization=={before}'
    python -c "import tensorflow_model_optimization as tfmot;
    tfmot.{example}"

## What it does not say

A release that has every symbol need not work with the newest TensorFlow.
{tightness}
"""


def requirement(root: pathlib.Path) -> tuple[str, str]:
  """Returns what Official Models declares of TFMOT.

  Args:
    root: The folder of the project.

  Returns:
    The version of Official Models that is mirrored, and the requirement.

  Raises:
    errors.InputError: The mirror is of no release, or declares nothing.
  """
  pin = pins.load(root / 'official')
  if pin.source.kind != 'pypi':
    raise errors.InputError(
        'the mirror is of no release of Official Models, so nobody knows what'
        ' it declares: sync to a release first'
    )
  metadata = sources.fetch(pin, pin.source, root=root).metadata or ''
  declared = re.search(
      rf'^Requires-Dist: ({symbols.PACKAGE}[^;\n]*)', metadata, re.MULTILINE
  )
  if not declared:
    raise errors.InputError(f'{pin.source} declares nothing of TFMOT')
  return pin.source.version, re.sub(r'[\s()]', '', declared[1])


def _tightness(root: pathlib.Path) -> str:
  """Returns what the probe of the fork's floor has found, if it was run."""
  path = root / tight.RECORD
  if not path.is_file():
    return 'This was not tried.'
  found = json.loads(inputs.read(path))
  lines = [
      f'On TensorFlow {one["tensorflow"]}, {tight.told(one)}.'
      for one in found['releases'].values()
  ]
  return '\n'.join(lines)


def texts(
    root: pathlib.Path, wanted: str, folder: pathlib.Path
) -> dict[str, str]:
  """Returns the patch and the text of the pull request.

  Args:
    root: The folder of the project.
    wanted: The floor that Official Models should ask for.
    folder: Where they will be.

  Returns:
    By path, the text.

  Raises:
    errors.InputError: The floor is lower than what the code needs, or than what
      is declared already.
  """
  parsed = index.well_formed(wanted)
  table = symbols.load(root)
  uses = derive.of_mirror(root)
  found = derive.derive(uses, table)
  version, old = requirement(root)
  if parsed < index.well_formed(found.floor):
    raise errors.InputError(
        f'Official Models needs TFMOT {found.floor}: before, there is no'
        f' {found.needing[0].symbol}; ask for {found.floor} or later'
    )
  least = re.search(r'>=(\d[\d.]*)', old)
  if least and parsed <= index.well_formed(least[1]):
    raise errors.InputError(
        f'Official Models asks for {old} already, which is no less than'
        f' {wanted}'
    )
  before = tight.before(found.floor, table)
  new = re.sub(r'>=[^,]+|$', f'>={wanted}', old, count=1)
  listed = '\n'.join(
      f'* `tfmot.{use.symbol}`, in `{use.path}`,\n  line {use.line}'
      for use in found.needing
  )
  text = _TEXT.format(
      name=NAME,
      old=old,
      new=new,
      version=version,
      floor=found.floor,
      before=before,
      needing=listed,
      files=len({use.path for use in uses}),
      uses=len(found.uses),
      first=next(iter(table.releases)),
      last=list(table.releases)[-1],
      example=found.needing[0].symbol.partition('(')[0],
      tightness=_tightness(root),
  )
  patch = _PATCH.format(file=_FILE, line=1, old=old, new=new)
  return {
      str(folder / f'{NAME}.md'): text,
      str(folder / f'{NAME}.patch'): patch,
  }
