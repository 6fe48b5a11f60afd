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

"""Says what is wrong with the signed evidence that a release stands on.

TFMOT approves a technique only after its results were reproduced, so a release
needs, for each main test of each technique, evidence at its version that the
contributor has signed and a second party too: see `tools/floor/evidence.py`.
"""

import pathlib
from typing import Any, Iterator, Mapping, Sequence

from tfmot_contrib import errors
from tfmot_contrib.convergence import claims
from tools.floor import evidence
from tools.floor import inputs
from tools.release import refuse

_SIGNED = 'tfmot_contrib/*/evidence/signed/*/*.json'
_SIGN = 'sign it with tools/nox -s pin_tfmot'


def main_tests(root: pathlib.Path, technique: str) -> list[str]:
  """Returns the main tests of a technique: those that are signed for."""
  path = root / 'tfmot_contrib' / technique / 'technique.yaml'
  return list(claims.read_technique(str(path)).get('main') or [])


def of_signed(
    root: pathlib.Path,
    scope: Sequence[str],
    versions: Mapping[str, str],
    tier: str = 'cpu',
) -> list[str]:
  """Returns why a release may not stand on the signed evidence.

  Args:
    root: The folder of the project.
    scope: The techniques of the release.
    versions: Of `tensorflow` and `tfmot`, of the release.
    tier: Of the runs that are signed for.

  Returns:
    A line for each reason, in the form of `refuse`.
  """
  found, signed = [], {}
  for path in sorted(root.glob(_SIGNED)):
    if path.parts[-5] not in scope:
      continue
    try:
      one = evidence.load(path)
    except errors.InputError as error:
      found.append(f'tampered: {errors.one_line(error)}')
      one = {'path': path}
    signed[str(path.relative_to(root))] = one
  mirror = inputs.mirror(root)
  for technique in scope:
    if technique == refuse.BASELINES:
      continue
    tests = main_tests(root, technique)
    if not tests:
      found.append(
          f'missing: {technique} names no main test in technique.yaml, so'
          ' nobody signs for it'
      )
    for test in tests:
      stands_on = inputs.digest(root, technique, test, versions, tier)
      for role in evidence.ROLES:
        about = {'technique': technique, 'test': test, 'role': role}
        place = evidence.path_of({**about, 'tfmot': versions['tfmot']})
        one = signed.get(str(place))
        found += _of_one(place, one, mirror, stands_on, tier)
      found += _of_parties(technique, test, versions['tfmot'], signed)
  return found


def _of_one(
    place: pathlib.Path,
    one: Mapping[str, Any] | None,
    mirror: str,
    stands_on: str,
    tier: str,
) -> Iterator[str]:
  """Yields what is wrong with one piece of evidence."""
  if one is None:
    yield f'missing: there is no {place}; {_SIGN}'
    return
  if 'digest' not in one:
    return  # It was refused already.
  if one['tier'] != tier:
    yield f'stale: {place} is of tier {one["tier"]}, not {tier}; {_SIGN}'
  elif one['mirror'] != mirror:
    yield (
        f'stale: {place} was signed on the mirror {one["mirror"][:12]}, the'
        f' tree has {mirror[:12]}; {_SIGN}'
    )
  elif any(seed['inputs'] != stands_on for seed in one['seeds']):
    yield (
        f'stale: {place} was signed for other code, config, claims, references'
        f' or locks than this tree has; {_SIGN}'
    )
  for claim in evidence.bad_claims(one):
    word = 'mended' if claim['verdict'] == 'MENDED' else 'failed'
    yield (
        f'{word}: {place} says that {claim["id"]} is {claim["measured"]}, bound'
        f' {claim["bound"]}: {claim["verdict"]}'
    )


def _of_parties(
    technique: str, test: str, tfmot: str, signed: Mapping[str, Any]
) -> Iterator[str]:
  """Yields a line if the second party is the contributor."""
  about = {'technique': technique, 'test': test, 'tfmot': tfmot}
  both = [
      signed.get(str(evidence.path_of({**about, 'role': role})), {})
      for role in evidence.ROLES
  ]
  parties = {one.get('party', '').casefold() for one in both}
  if all('digest' in one for one in both) and len(parties) < 2:
    yield (
        f'missing: {technique}:{test} was signed twice by {both[0]["party"]};'
        ' a second party has to reproduce it'
    )
