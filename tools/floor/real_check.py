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

"""Asks the real package index, wheels and mirror what the tests stand in for.

It needs the network, so it is no Bazel test; `nox -s pin_tfmot -- --real-check`
calls it.
"""

from typing import Callable

from tfmot_contrib import errors
from tools.floor import derive
from tools.floor import index
from tools.floor import symbols
from tools.versions import bootstrap

_OTHER = 'tf-models-official'


def _refused(call: Callable[..., None], *arguments: str) -> str:
  """Returns the line with which a call is refused.

  Args:
    call: What to call.
    *arguments: Its arguments.

  Returns:
    The message.

  Raises:
    errors.InputError: It is not refused.
  """
  try:
    call(*arguments)
  except errors.InputError as error:
    return errors.one_line(error)
  raise errors.InputError(f'{" ".join(arguments)} was not refused')


def check() -> list[str]:
  """Checks each stand-in against the real thing.

  Returns:
    What was seen, a line each.

  Raises:
    errors.InputError: Something is not as the tests take it to be.
  """
  root = bootstrap.ROOT
  seen = []
  for version, package, words in (
      ('0.99.0', symbols.PACKAGE, 'there is no release 0.99.0'),
      ('0.7.4.dev0', symbols.PACKAGE, 'pre-release'),
      ('2.19.0', _OTHER, 'was yanked'),
  ):
    told = _refused(index.check_release, version, package)
    if words not in told:
      raise errors.InputError(f'{package} {version}: {told}')
    seen.append(f'refused: {told}')
  table = symbols.load(root)
  for release in table.releases:
    index.well_formed(release)
  if lost := sorted(set(index.released()) - set(table.releases)):
    raise errors.InputError(
        f'the table of symbols does not have {lost[-1]}: build it with'
        ' tools/nox -s pin_tfmot -- --build-table'
    )
  newest = list(table.releases)[-1]
  index.check_release(newest)
  seen.append(f'taken: {newest}')
  # As few wheels as show that the table is what the wheels say.
  some = list(table.releases)[-2:]
  again = symbols.build(some)
  for name, releases in again.symbols.items():
    known = [r for r in table.symbols[name] if r in some]
    if known != list(releases):
      raise errors.InputError(
          f'the table says {known} of {name}: build it anew'
      )
  seen.append(f'{len(again.symbols)} symbols of {" and ".join(some)} as built')
  for name, uses in (
      (derive.OURS, derive.ours(root)),
      (derive.MIRROR, derive.of_mirror(root)),
  ):
    seen.append(derive.told(name, derive.derive(uses, table), table))
  return seen
