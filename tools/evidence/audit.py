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

"""Looks whether the signed evidence of the main tests counts today.

For each main test of each technique, and for each version that counts, there is
signed evidence of the contributor: of this tree and this mirror, with every
claim as it should be. What is missing is named with the command that makes it.
Whether a second party has reproduced it is told as a fact; where one has
signed, it has to be another party with runs of its own.
"""

import datetime
import pathlib
from typing import Any, Iterator, Mapping, NamedTuple, Sequence

from tfmot_contrib import errors
from tfmot_contrib.convergence import claims
from tools.env import environment
from tools.evidence import inputs
from tools.evidence import signatures
from tools.suite import project

REFERENCE = 'reference'
_MAKE = {
    signatures.CONTRIBUTOR: (
        'tools/nox -s pin_tfmot -- {tfmot} --sign {test} --party NAME --role'
        ' contributor'
    ),
    signatures.SECOND_PARTY: (
        'TFMOT={tfmot} tools/nox -s reproduce -- {technique} --test {test}'
        ' --party NAME'
    ),
    REFERENCE: 'tools/nox -s reference -- {test} --why REASON',
}


class Finding(NamedTuple):
  """One thing that a pin stands on.

  Attributes:
    technique: The folder.
    test: Its main test.
    tfmot: The version, or '*' for what is of all versions.
    what: `contributor`, `second_party` or `reference`.
    problem: What is wrong with it; nothing if it is good.
    command: What makes it.
    lacking: Whether it is not there, or of a tree of the past.
    party: Who has signed.
  """

  technique: str
  test: str
  tfmot: str
  what: str
  problem: str
  command: str
  lacking: bool = False
  party: str = ''

  @property
  def good(self) -> bool:
    """Whether nothing stands against a pin.

    That nobody else has reproduced a technique yet is a fact which is shown,
    and nothing against it; a second party who is none is.
    """
    nobody = self.what == signatures.SECOND_PARTY and self.lacking
    return not self.problem or nobody

  def __str__(self) -> str:
    head = f'{self.technique}/{self.test} TFMOT {self.tfmot} {self.what}'
    if not self.problem:
      return f'{head}: good' + (f', by {self.party}' if self.party else '')
    return f'{head}: {self.problem}; make it: {self.command}'


def main_tests(root: pathlib.Path) -> list[tuple[str, str]]:
  """Returns the tests that a pin stands on: folder and name.

  Args:
    root: The folder of the project.

  Returns:
    The tests under `main` in each technique.yaml; of a technique that names
    none, all; the float baselines are no technique.

  Raises:
    errors.InputError: A technique.yaml is broken, or names a main test that it
      has no claims for.
  """
  found = []
  for folder in project.folders(root):
    path = project.technique_yaml(root, folder)
    said = claims.read_technique(str(path))
    if not any(name.startswith('tfmot.') for name in said['api']):
      if 'main' not in said:
        continue  # Nothing of TFMOT is in it.
    for test in said.get('main') or sorted(said['claims']):
      if test not in said['claims']:
        raise errors.InputError(
            f'{path}: main names {test}, which claims nothing'
        )
      found.append((folder, test))
  if not found:
    raise errors.InputError(f'{root} has no technique: is this the project?')
  return found


def _claims_wrong(
    root: pathlib.Path, folder: str, test: str, shown: Mapping[str, Any]
) -> str:
  """Returns what of the claims is not as it should be, or nothing."""
  path = project.technique_yaml(root, folder)
  today = datetime.date.today()
  declared = {
      c.id: c for c in claims.claims_of(str(path), test, signatures.TIER)
  }
  said = {c['id']: c for c in shown['claims']}
  if lost := sorted(declared.keys() - said.keys()):
    return f'it says nothing of the claim {lost[0]}'
  if bad := signatures.bad_claims(shown):
    one = bad[0]
    return (
        f'{one["id"]} is {one["measured"]:g} ({one["bound"]}): {one["verdict"]}'
    )
  for name, claim in declared.items():
    one = said[name]
    by_bound = one['verdict'] == 'pass' and not one['bound'].startswith('as ')
    if by_bound and not claim.holds(one['measured']):
      return f'{name} is {one["measured"]:g}, not {claim.bound}, yet passes'
    if claim.known_failure and claim.known_failure.until < today:
      return (
          f'{name} was a known failure until {claim.known_failure.until}: mend'
          ' it, or renew the day'
      )
    if claim.known_failure and one['verdict'] != 'known failure':
      return f'{name} is a known failure, yet it says {one["verdict"]}'
  return ''


def _stale(
    root: pathlib.Path, folder: str, test: str, shown: Mapping[str, Any]
) -> str:
  """Returns what has changed since evidence was signed, or nothing."""
  if shown['mirror'] != inputs.mirror(root):
    return 'stale: it is of another mirror of Official Models'
  tensorflow = environment.table(root / 'pyproject.toml')['tensorflow']
  if shown['tensorflow'] != tensorflow:
    return (
        f'stale: it is of TensorFlow {shown["tensorflow"]}, the project has'
        f' {tensorflow}'
    )
  versions = {'tensorflow': tensorflow, 'tfmot': shown['tfmot']}
  now = inputs.digest(root, folder, test, versions, signatures.TIER)
  if any(seed['inputs'] != now for seed in shown['seeds']):
    return 'stale: code, config or versions behind its runs have changed since'
  return ''


def _same_party(one: Mapping[str, Any], other: Mapping[str, Any]) -> str:
  """Returns why two signatures are not of two parties, or nothing."""
  if signatures.same_party(one['party'], other['party']):
    return f'the second party is the contributor, {one["party"]}'
  records = [{seed['record'] for seed in e['seeds']} for e in (one, other)]
  if shared := sorted(records[0] & records[1]):
    return (
        f'the second party has signed a run of the contributor, {shared[0][:8]}'
    )
  return ''


def of_test(
    root: pathlib.Path, folder: str, test: str, tfmot: str
) -> Iterator[Finding]:
  """Looks at the signed evidence of a test.

  Args:
    root: The folder of the project.
    folder: Of the technique.
    test: Its name.
    tfmot: The version.

  Yields:
    A finding for each role.

  Raises:
    errors.InputError: The BUILD file does not declare the test, or is broken.
  """
  first = None
  for role in signatures.ROLES:
    named = {'technique': folder, 'test': test, 'tfmot': tfmot, 'role': role}
    path = root / signatures.path_of(named)
    shown, lacking = None, False
    if not path.is_file():
      problem, lacking = f'there is no {path.name}', True
    else:
      try:
        shown = signatures.load(path)
      except errors.InputError as error:
        problem = errors.one_line(error).replace(f'{root}/', '')
      else:
        stale = _stale(root, folder, test, shown)
        problem, lacking = stale, bool(stale)
        problem = problem or _claims_wrong(root, folder, test, shown)
    if role == signatures.CONTRIBUTOR:
      first = shown
    elif first and shown:
      problem = problem or _same_party(first, shown)
    command = _MAKE[role].format(**named)
    party = shown['party'] if shown else ''
    yield Finding(folder, test, tfmot, role, problem, command, lacking, party)


def _reference(root: pathlib.Path, folder: str, test: str) -> Finding:
  """Returns whether each drop that the test judges has a reference."""
  path = project.technique_yaml(root, folder)
  drops = [
      claim.id
      for claim in claims.claims_of(str(path), test, signatures.TIER)
      if claim.relation == 'drop' and not claim.reported
  ]
  known = list(path.parent.glob(f'references/{signatures.TIER}_*/{test}.json'))
  problem = ''
  if drops and not known:
    problem = f'the claim {drops[0]} has no reference of tier {signatures.TIER}'
  command = _MAKE[REFERENCE].format(test=test)
  return Finding(folder, test, '*', REFERENCE, problem, command)


def check(root: pathlib.Path, versions: Sequence[str]) -> list[Finding]:
  """Looks for all that a pin stands on.

  Args:
    root: The folder of the project.
    versions: Of TFMOT: the new floor and the newest.

  Returns:
    A finding for each piece of evidence, good ones too. A pin may be made when
    all are `good`.

  Raises:
    errors.InputError: A technique.yaml is broken.
  """
  found = []
  for folder, test in main_tests(root):
    found.append(_reference(root, folder, test))
    for tfmot in dict.fromkeys(versions):
      found += of_test(root, folder, test, tfmot)
  return found


def reproduced(findings: Sequence[Finding]) -> list[str]:
  """Returns who has reproduced each test, a line each.

  Args:
    findings: Of `check`.

  Returns:
    Lines such as `pruning/x TFMOT 0.8.1: reproduced by: nobody yet`.
  """
  return [
      f'{f.technique}/{f.test} TFMOT {f.tfmot}: reproduced by:'
      f' {f.party if f.party and not f.problem else "nobody yet"}'
      for f in findings
      if f.what == signatures.SECOND_PARTY
  ]


def told(findings: Sequence[Finding]) -> str:
  """Returns what was found: what is wrong, and who has reproduced what.

  Args:
    findings: Of `check`.

  Returns:
    Lines.
  """
  bad = [str(finding) for finding in findings if not finding.good]
  count = sum(not finding.problem for finding in findings)
  return '\n'.join([
      *bad,
      *reproduced(findings),
      (
          f'evidence: {count} of {len(findings)} pieces are there and good,'
          f' {len(bad)} are asked for'
      ),
  ])


def refuse(findings: Sequence[Finding]) -> None:
  """Raises an `errors.InputError` if something is missing."""
  bad = [finding for finding in findings if not finding.good]
  if bad:
    raise errors.InputError(
        f'{len(bad)} of {len(findings)} pieces of evidence are missing or bad,'
        f' listed above; the first is {bad[0]}'
    )
