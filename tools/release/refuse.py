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

"""Says why a release may not stand on a bundle, one line a reason.

Each line begins with what is wrong:

    missing      a test, claim, seed or record that is not there
    stale        made of another tree, mirror or TFMOT than those that count
    tampered     not what it was when it was sealed, or not what the records say
    unreferenced a claim without the reference that it is judged by
    mended       a known failure that passes: take it out
    failed       a claim that does not hold
    resumed      training in two parts is not training in one
    signed       signed evidence that is missing, stale or tampered: see
                 `tools/evidence/audit.py`

Nothing here takes the word of a bundle: what it says of a claim is judged again
from its records.
"""

import json
import math
import pathlib
from typing import Any, Iterator, Mapping, Sequence

from tfmot_contrib import errors
from tfmot_contrib.convergence import claims as claims_lib
from tfmot_contrib.convergence import judge
from tfmot_contrib.convergence import pairing
from tfmot_contrib.convergence import record
from tfmot_contrib.convergence import verdict
from tools.evidence import inputs
from tools.release import bundle as bundle_lib
from tools.suite import project
from tools.suite import suite

# What no run can show of itself: that its training may be stopped and resumed.
RESUMED = '//tfmot_contrib:resume_test'
_TFMOT = ('tensorflow-model-optimization', 'tf-model-optimization-nightly')
_GATE = 'run tools/nox -s release_gate again'


def versions_of(bundle: Mapping[str, Any]) -> dict[str, str]:
  """Returns the versions that the digest of a run's inputs names."""
  tfmot = bundle['tfmot']
  return {
      'tensorflow': bundle['tensorflow'],
      'tfmot': tfmot['content'] or tfmot['version'],
  }


def techniques(root: pathlib.Path, scope: Sequence[str] = ()) -> list[str]:
  """Returns the folders of a gate.

  Args:
    root: The folder of the project.
    scope: Those that are asked for; all, if none is.

  Returns:
    The folders, sorted.

  Raises:
    errors.InputError: There is no such technique.
  """
  known = sorted(project.folders(root))
  for name in scope:
    if name not in known:
      raise errors.InputError(
          f'there is no technique {name}: give one of {", ".join(known)}'
      )
  return sorted(set(scope)) or known


def tests_of(root: pathlib.Path, folder: str, tier: str) -> list[str]:
  """Returns the convergence tests of a folder that a tier has."""
  return sorted(
      name
      for name, arguments in project.declared(root, folder).items()
      if tier != 'smoke' or arguments.get('smoke', True)
  )


def of_bundle(
    root: pathlib.Path,
    bundle: Mapping[str, Any],
    folder: pathlib.Path,
    at_least: int = 1,
) -> list[str]:
  """Returns why a release may not stand on what a bundle shows.

  Args:
    root: The folder of the project.
    bundle: From `bundle.load`, or on its way to be sealed.
    folder: Where its records are.
    at_least: How many seeds each test of a technique needs.

  Returns:
    A line for each reason.
  """
  tier, found = bundle['tier'], []
  if bundle['mirror'] != (now := inputs.mirror(root)):
    found.append(
        f'stale: the bundle is of the mirror {bundle["mirror"][:12]}, the tree'
        f' has {now[:12]}; {_GATE}'
    )
  if bundle['resumed'] != suite.PASSED:
    found.append(
        f'resumed: {RESUMED} is {bundle["resumed"]}: a training that goes on'
        ' after a stop must equal one without; run it, mend what it names'
    )
  entries = {(e['technique'], e['test']): e for e in bundle['tests']}
  for technique in bundle['scope']:
    for test in tests_of(root, technique, tier):
      where = f'{technique}:{test}'
      entry = entries.pop((technique, test), None)
      if entry is None or not entry['claims']:
        why = f' ({entry["why"]})' if entry and entry.get('why') else ''
        found.append(f'missing: {where} has no verdict{why}; {_GATE}')
        continue
      try:
        found += _of_test(root, bundle, folder, entry, at_least)
      except errors.InputError as error:
        found.append(f'tampered: {where}: {errors.one_line(error)}')
  found += [
      f'stale: {technique}:{test} is no test of this tree any more; {_GATE}'
      for technique, test in entries
  ]
  return found


def _of_test(
    root: pathlib.Path,
    bundle: Mapping[str, Any],
    folder: pathlib.Path,
    entry: Mapping[str, Any],
    at_least: int,
) -> Iterator[str]:
  """Yields what is wrong with a test of a bundle; see `of_bundle`."""
  technique, test = entry['technique'], entry['test']
  where, tier = f'{technique}:{test}', bundle['tier']
  yaml = project.technique_yaml(root, technique)
  needed = 1 if technique == project.BASELINES else at_least
  if len(entry['seeds']) < needed:
    yield (
        f'missing: {where} has {len(entry["seeds"])} seeds of {needed}; {_GATE}'
    )
  gone = [n for n in entry['records'] if not (folder / n).is_file()]
  if gone:
    yield f'missing: {where} stands on {gone[0]}, which is gone; {_GATE}'
    return
  for name, digest in entry['records'].items():
    if record.digest_of_file(folder / name) != digest:
      yield (
          f'tampered: {name} is not the record that {where} was judged by;'
          f' restore it, or {_GATE}'
      )
      return
  stands_on = inputs.digest(root, technique, test, versions_of(bundle), tier)
  if any(seed['inputs'] != stands_on for seed in entry['seeds']):
    yield (
        f'stale: {where} was run with other code, config or versions than this'
        f' tree has; {_GATE}'
    )
    return
  shown = bundle_lib.shown_of(folder, entry)
  control = project.declared(root, technique)[test].get('control')
  if control and tier == 'cpu' and len(shown.controls) < len(shown.runs):
    yield f'missing: {where} has no run of {control} for each seed; {_GATE}'
    return
  yield from _of_versions(where, bundle, shown)
  declared = claims_lib.claims_of(str(yaml), test, tier)
  pairing.check(shown)
  try:
    shown = verdict.referenced(yaml, test, shown)
  except errors.InputError as error:
    yield f'unreferenced: {where}: {errors.one_line(error)}'
    return
  verdicts = judge.judge(declared, shown)
  yield from _of_words(where, entry, verdicts)
  yield from _unreferenced(where, technique, declared, shown)
  for one in verdicts:
    if one.good:
      continue
    if one.word == 'MENDED':
      yield (
          f'mended: {one.claim.id} of {where} is a known failure'
          f' ({one.claim.known_failure.issue}) and passes; take known_failure'
          f' out of tfmot_contrib/{technique}/technique.yaml'
      )
    else:
      yield (
          f'failed: {one.claim.id} of {where} is {one.measured:.6g}, bound'
          f' {one.bound}: {one.word}'
      )


def _of_versions(
    where: str, bundle: Mapping[str, Any], shown: pairing.Shown
) -> Iterator[str]:
  """Yields a line for a run that was made with another TFMOT."""
  wanted = bundle['tfmot']['version']
  for run in shown.runs:
    for package in _TFMOT:
      used = run.versions.get(package)
      if used and used != wanted:
        yield (
            f'stale: seed {run.seed} of {where} was trained with TFMOT {used},'
            f' not {wanted}; {_GATE}'
        )


def _of_words(
    where: str, entry: Mapping[str, Any], verdicts: Sequence[judge.Verdict]
) -> Iterator[str]:
  """Yields where a bundle says something else of a claim than its records."""
  said = {claim['claim']: claim for claim in entry['claims']}
  for one in verdicts:
    claim = said.pop(one.claim.id, None)
    if claim is None:
      yield f'missing: {where} has no verdict on {one.claim.id}; {_GATE}'
      continue
    # Through JSON, as it was sealed.
    again = json.loads(json.dumps(bundle_lib.finite(verdict.as_dict(one))))
    for key in ('measured', 'bound', 'verdict', 'good'):
      if not _same(claim.get(key), again[key]):
        yield (
            f'tampered: {one.claim.id} of {where} has {key} {claim.get(key)},'
            f' its records say {again[key]}; {_GATE}'
        )
        break
  for name in said:
    yield f'tampered: {where} has a verdict on {name}, which it does not claim'


def _same(one: Any, other: Any) -> bool:
  """Returns whether two values of a verdict are the same."""
  if isinstance(one, float) and isinstance(other, (int, float)):
    return math.isclose(one, other, rel_tol=1e-9)
  return one == other


def _unreferenced(
    where: str,
    technique: str,
    declared: Sequence[claims_lib.Claim],
    shown: pairing.Shown,
) -> Iterator[str]:
  """Yields the claims that have no reference to be judged by.

  A float baseline is what others are compared with, and has none. A drop that
  training makes noisy needs the reference of the run's own kind of processor;
  what is exact, one of any.
  """
  if technique == project.BASELINES:
    return
  kind = shown.runs[0].instruction_set
  make = f'make it with tools/nox -s reference -- {where.partition(":")[2]}'
  if shown.reference is None:
    names = ', '.join(c.id for c in declared if not c.reported)
    yield f'unreferenced: {where} has no reference for {names}; {make}'
  elif shown.controls and not shown.statistical:
    names = ', '.join(c.id for c in declared if c.relation == 'drop')
    if names:
      yield (
          f'unreferenced: {where} has no reference of {kind} processors for'
          f' {names}; {make} on one'
      )


def known_failures(
    root: pathlib.Path, scope: Sequence[str], tier: str
) -> list[dict[str, str]]:
  """Returns the known failures that a gate lists by name.

  Args:
    root: The folder of the project.
    scope: The techniques.
    tier: The tier.

  Returns:
    Technique, test, claim, issue, owner and until of each.
  """
  found = []
  for technique in scope:
    yaml = project.technique_yaml(root, technique)
    for test in tests_of(root, technique, tier):
      for claim in claims_lib.claims_of(str(yaml), test, tier):
        if known := claim.known_failure:
          found.append({
              'technique': technique,
              'test': test,
              'claim': claim.id,
              'issue': known.issue,
              'owner': known.owner,
              'until': known.until.isoformat(),
          })
  return found
