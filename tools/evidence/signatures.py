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

"""Signed evidence: who has seen a convergence test hold, with what.

TFMOT approves a technique only after its results were reproduced. Here that is
two files for each main test and each version of TFMOT that counts, one of the
contributor and one of a second party:

    tfmot_contrib/TECHNIQUE/evidence/signed/TEST/tfmot-VERSION.ROLE.json

A file names its test, the versions, the mirror, the digests of the run records
and of all that they stand on (`inputs.py`), and each claim with what was
measured. It ends with a digest of itself, so that it is not edited by hand.
That is a seal and no secret: who has committed the file stands in git.
"""

import dataclasses
import datetime
import json
import pathlib
import re
from typing import Any, Mapping, Sequence

from tfmot_contrib import errors
from tfmot_contrib.convergence import judge
from tfmot_contrib.convergence import record
from tfmot_contrib.convergence import schema
from tfmot_contrib.convergence import sequential
from tfmot_contrib.convergence import verdict
from tools.base import files
from tools.evidence import inputs
from tools.suite import converge
from tools.suite import draw
from tools.suite import suite

SCHEMA_VERSION = 1
CONTRIBUTOR = 'contributor'
SECOND_PARTY = 'second_party'
ROLES = (CONTRIBUTOR, SECOND_PARTY)
TIER = 'cpu'
# Verdicts that a release may stand on; all others are in capitals.
GOOD = (
    'pass',
    judge.SAME,
    sequential.GREY,
    sequential.IMPROVED,
    'reported',
    'known failure',
)
_SCHEMA = pathlib.Path(__file__).parent / 'signatures_schema.json'
_SIGNED = 'evidence/signed'
_RELEASE = re.compile(r'\d+(\.\d+)+')
_TFMOT = 'tensorflow-model-optimization'
_AGAIN = 'sign it again'


def path_of(evidence: Mapping[str, Any]) -> pathlib.Path:
  """Returns where evidence is, relative to the folder of the project."""
  return pathlib.Path(
      'tfmot_contrib',
      evidence['technique'],
      _SIGNED,
      evidence['test'],
      f'tfmot-{evidence["tfmot"]}.{evidence["role"]}.json',
  )


def seal(evidence: Mapping[str, Any]) -> dict[str, Any]:
  """Returns evidence with the digest of all the rest of it.

  Args:
    evidence: JSON; an earlier digest does not count.

  Returns:
    The same, sealed.

  Raises:
    ValueError: It holds a number that JSON does not have.
  """
  rest = {key: value for key, value in evidence.items() if key != 'digest'}
  return {**rest, 'digest': inputs.digest_of(rest)}


def _check(evidence: Any, source: str) -> None:
  """Raises an `errors.InputError` unless evidence is whole and sealed."""
  if breach := schema.breach(evidence, _SCHEMA):
    raise errors.InputError(
        f'{source} is no signed evidence: {breach}; {_AGAIN}'
    )
  try:
    sealed = seal(evidence)
  except ValueError as error:
    raise errors.InputError(
        f'{source} holds a number that is none: {_AGAIN}'
    ) from error
  if sealed != evidence:
    raise errors.InputError(
        f'{source} was edited after it was signed: restore it with git, or'
        f' {_AGAIN}'
    )


def make(
    bazel: draw.Bazel,
    technique: str,
    test: str,
    *,
    tensorflow: str,
    tfmot: str,
    party: str,
    role: str,
) -> pathlib.Path:
  """Signs for a test with as many seeds as it takes, which Bazel makes.

  What was trained before comes from Bazel's cache, which knows the inputs of
  each run; so evidence is always of the tree as it is.

  Args:
    bazel: How to make the runs.
    technique: The folder of `tfmot_contrib/`.
    test: Its convergence test.
    tensorflow: The version of TensorFlow.
    tfmot: The version of TFMOT.
    party: Who signs.
    role: One of `ROLES`.

  Returns:
    The file that was written.

  Raises:
    errors.InputError: A run failed, or a claim does not hold. Nothing is
      written.
  """
  settings = {'tensorflow': tensorflow, 'tfmot': tfmot}
  options = (*bazel.options, *suite.setting_options(settings))
  bazel = dataclasses.replace(bazel, options=options)
  label = draw.label_of(technique, test)
  found, shown, verdicts = converge.decide(bazel, label)
  if bad := [v for v in verdicts if not v.good]:
    raise errors.InputError(
        f'nobody signs for {test} on TFMOT {tfmot}: {bad[0].claim.id} is'
        f' {bad[0].measured:.6g}, bound {bad[0].bound}: {bad[0].word}'
    )
  seeds = [found.records(run.seed)[0] for run in shown.runs]
  signed = sign(
      bazel.root,
      technique=technique,
      test=test,
      party=party,
      role=role,
      records=[draw.made(bazel.root, label) for label in seeds],
      verdicts=[verdict.as_dict(v) for v in verdicts],
      **settings,
  )
  return write(bazel.root, signed)


def sign(
    root: pathlib.Path,
    *,
    technique: str,
    test: str,
    tfmot: str,
    tensorflow: str,
    party: str,
    role: str,
    records: Sequence[pathlib.Path],
    verdicts: Sequence[Mapping[str, Any]],
) -> dict[str, Any]:
  """Returns evidence of a convergence test that was judged just now.

  Args:
    root: The folder of the project, as it was when the runs were made.
    technique: The folder of `tfmot_contrib/`.
    test: The name of the convergence test, without the tier.
    tfmot: The version of TFMOT; of a checkout, a name for what was tested.
    tensorflow: The version of TensorFlow.
    party: Who signs: a person, or a team that answers for it.
    role: One of `ROLES`.
    records: The run records, one for each seed.
    verdicts: What stands in `verdict.json` of the test.

  Returns:
    The evidence, sealed. `write` puts it in its place.

  Raises:
    errors.InputError: A record is of another tier or version, or there is no
      such test.
  """
  seeds = []
  versions = {'tensorflow': tensorflow, 'tfmot': tfmot}
  stood_on = inputs.digest(root, technique, test, versions, TIER)
  for path in records:
    run = record.read(path)
    used = run.versions.get(_TFMOT, tfmot)
    if _RELEASE.fullmatch(tfmot) and used != tfmot:
      raise errors.InputError(
          f'{path} was made with TFMOT {used}, not {tfmot}: build it with'
          f' --repo_env=TFMOT={tfmot}'
      )
    if run.tier != TIER:
      raise errors.InputError(f'{path} is of tier {run.tier}, not {TIER}')
    digest = record.digest_of_file(path)
    seeds.append({'seed': run.seed, 'record': digest, 'inputs': stood_on})
  evidence = {
      'schema': SCHEMA_VERSION,
      'technique': technique,
      'test': test,
      **versions,
      'mirror': inputs.mirror(root),
      'party': party.strip(),
      'role': role,
      'when': (
          datetime.datetime.now(datetime.UTC).strftime('%Y-%m-%dT%H:%M:%SZ')
      ),
      'tier': TIER,
      'seeds': seeds,
      'claims': [
          {
              'id': v['claim'],
              **{
                  key: v[key]
                  for key in ('kind', 'measured', 'bound', 'verdict')
              },
          }
          for v in verdicts
      ],
  }
  try:
    return seal(evidence)
  except ValueError as error:
    raise errors.InputError(
        f'a claim of {test} measured no number: see its verdict'
    ) from error


def write(root: pathlib.Path, evidence: Mapping[str, Any]) -> pathlib.Path:
  """Writes evidence to its place, whole or not at all.

  Args:
    root: The folder of the project.
    evidence: Of `sign`.

  Returns:
    The path of the file.

  Raises:
    errors.InputError: It breaks the schema, is not what was sealed, or the disk
      is full.
  """
  _check(evidence, f'the evidence for {evidence.get("test")}')
  path = root / path_of(evidence)
  text = json.dumps(evidence, indent=1, sort_keys=True) + '\n'
  files.write(path, text)
  return path


def load(path: pathlib.Path) -> dict[str, Any]:
  """Reads evidence.

  Args:
    path: The file, at its place below the folder of the project.

  Returns:
    What was signed.

  Raises:
    errors.InputError: It is no JSON, of another schema, edited by hand, or not
      where it says that it belongs.
  """
  try:
    evidence = json.loads(files.read(path))
  except json.JSONDecodeError as error:
    raise errors.InputError(f'{path} is no JSON: {error}; {_AGAIN}') from error
  _check(evidence, str(path))
  place = path_of(evidence)
  if path.absolute().parts[-len(place.parts) :] != place.parts:
    raise errors.InputError(f'{path} says that it is {place}: {_AGAIN}')
  return evidence


def collect(root: pathlib.Path) -> list[dict[str, Any]]:
  """Reads all evidence of the project, sorted by path.

  Args:
    root: The folder of the project.

  Returns:
    What was signed.

  Raises:
    errors.InputError: A file is wrong; see `load`.
  """
  paths = sorted(root.glob(f'tfmot_contrib/*/{_SIGNED}/*/*.json'))
  return [load(path) for path in paths]


def same_party(one: str, other: str) -> bool:
  """Returns whether two names are of one party."""
  names = {' '.join(name.split()).casefold() for name in (one, other)}
  return len(names) == 1


def bad_claims(evidence: Mapping[str, Any]) -> list[Mapping[str, Any]]:
  """Returns the claims that did not end as they should."""
  return [c for c in evidence['claims'] if c['verdict'] not in GOOD]
