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

"""The evidence gate: nobody pins a TFMOT that two parties have not seen work.

For each main test of each technique, and for each version that counts, there is
signed evidence of the contributor and of a second party: of this tree and this
mirror, with every claim as it should be. What is missing is named with the
command that makes it. A waiver takes a written reason in `waivers.yaml`, and is
shown ever after: what was waived for a pin stays in `history.json`.
"""

import datetime
import json
import pathlib
from typing import Any, Iterator, Mapping, NamedTuple, Sequence

import yaml

from tfmot_contrib import errors
from tfmot_contrib.convergence import claims
from tfmot_contrib.convergence import schema
from tools.floor import evidence
from tools.floor import inputs
from tools.versions import environment

WAIVERS = pathlib.Path('tools/floor/waivers.yaml')
HISTORY = pathlib.Path('tools/floor/history.json')
REFERENCE = 'reference'
TIER = 'cpu'
_SCHEMA = pathlib.Path(__file__).parent / 'waivers_schema.json'
_MAKE = {
    evidence.CONTRIBUTOR: (
        'tools/nox -s pin_tfmot -- {tfmot} --sign {test} --party NAME --role'
        ' contributor'
    ),
    evidence.SECOND_PARTY: (
        'TFMOT={tfmot} tools/nox -s reproduce -- {folder} --test {test} --party'
        ' NAME'
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
    waived: Why it may be as it is; nothing if it may not.
    party: Who has signed.
  """

  technique: str
  test: str
  tfmot: str
  what: str
  problem: str
  command: str
  waived: str = ''
  party: str = ''

  @property
  def good(self) -> bool:
    """Whether nothing stands against a pin."""
    return not self.problem or bool(self.waived)

  def __str__(self) -> str:
    head = f'{self.technique}/{self.test} TFMOT {self.tfmot} {self.what}'
    if not self.problem:
      return f'{head}: good' + (f', by {self.party}' if self.party else '')
    if self.waived:
      return f'{head}: WAIVED ({self.waived}): {self.problem}'
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
  for folder in inputs.folders(root):
    path = root / 'tfmot_contrib' / folder / 'technique.yaml'
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


def waivers(root: pathlib.Path) -> list[dict[str, Any]]:
  """Reads the waivers in force.

  Args:
    root: The folder of the project.

  Returns:
    Entries with `technique`, `test`, `tfmot`, `what`, `reason`, `by`.

  Raises:
    errors.InputError: The file is broken, or waives without a reason.
  """
  path = root / WAIVERS
  try:
    entries = yaml.safe_load(inputs.read(path)) or []
  except yaml.YAMLError as error:
    raise errors.InputError(f'{WAIVERS} is no YAML: {error}') from error
  if breach := schema.breach(entries, _SCHEMA):
    raise errors.InputError(f'{WAIVERS}: {breach}')
  return entries


def history(root: pathlib.Path) -> list[dict[str, Any]]:
  """Reads the pins that were made, oldest first.

  Args:
    root: The folder of the project.

  Returns:
    Entries with `date`, `from`, `to`, `latest`, `reason`, `waived`.

  Raises:
    errors.InputError: The file is broken.
  """
  path = root / HISTORY
  try:
    entries = json.loads(inputs.read(path)) if path.exists() else []
    for entry in entries:
      for name in ('date', 'from', 'to', 'latest', 'reason', 'waived'):
        _ = entry[name]
  except (ValueError, KeyError, TypeError) as error:
    if isinstance(error, errors.InputError):
      raise
    raise errors.InputError(
        f'{HISTORY} is broken ({error!r}): restore it with git'
    ) from error
  return entries


def _claims_wrong(
    root: pathlib.Path, folder: str, test: str, shown: Mapping[str, Any]
) -> str:
  """Returns what of the claims is not as it should be, or nothing."""
  path = root / 'tfmot_contrib' / folder / 'technique.yaml'
  today = datetime.date.today()
  declared = {c.id: c for c in claims.claims_of(str(path), test, TIER)}
  said = {c['id']: c for c in shown['claims']}
  if lost := sorted(declared.keys() - said.keys()):
    return f'it says nothing of the claim {lost[0]}'
  if bad := evidence.bad_claims(shown):
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


def _wrong(
    root: pathlib.Path, folder: str, test: str, tfmot: str, role: str
) -> tuple[str, dict[str, Any] | None]:
  """Returns what is wrong with one piece of evidence, and the evidence."""
  place = evidence.path_of(
      {'technique': folder, 'test': test, 'tfmot': tfmot, 'role': role}
  )
  if not (root / place).is_file():
    return f'there is no {place.name}', None
  try:
    shown = evidence.load(root / place)
  except errors.InputError as error:
    return errors.one_line(error).replace(f'{root}/', ''), None
  if shown['tier'] != TIER:
    return f'it is of tier {shown["tier"]}, not {TIER}', shown
  if shown['mirror'] != inputs.mirror(root):
    return 'stale: it is of another mirror of Official Models', shown
  tensorflow = environment.table(root / 'pyproject.toml')['tensorflow']
  if shown['tensorflow'] != tensorflow:
    return (
        f'stale: it is of TensorFlow {shown["tensorflow"]}, the project has'
        f' {tensorflow}'
    ), shown
  versions = {'tensorflow': shown['tensorflow'], 'tfmot': tfmot}
  now = inputs.digest(root, folder, test, versions, TIER)
  if any(seed['inputs'] != now for seed in shown['seeds']):
    return (
        'stale: code, config or versions behind its runs have changed since'
    ), shown
  return _claims_wrong(root, folder, test, shown), shown


def _same_party(one: Mapping[str, Any], other: Mapping[str, Any]) -> str:
  """Returns why two signatures are not of two parties, or nothing."""
  if evidence.same_party(one['party'], other['party']):
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
    A finding for each role, without waivers.

  Raises:
    errors.InputError: The BUILD file does not declare the test, or is broken.
  """
  seen = {
      role: _wrong(root, folder, test, tfmot, role) for role in evidence.ROLES
  }
  for role, (problem, shown) in seen.items():
    first = seen[evidence.CONTRIBUTOR][1]
    if role == evidence.SECOND_PARTY and not problem and first and shown:
      problem = _same_party(first, shown)
    command = _MAKE[role].format(folder=folder, test=test, tfmot=tfmot)
    party = shown['party'] if shown else ''
    yield Finding(folder, test, tfmot, role, problem, command, party=party)


def _reference(root: pathlib.Path, folder: str, test: str) -> Finding:
  """Returns whether each drop that the test judges has a reference."""
  path = root / 'tfmot_contrib' / folder / 'technique.yaml'
  drops = [
      claim.id
      for claim in claims.claims_of(str(path), test, TIER)
      if claim.relation == 'drop' and not claim.reported
  ]
  known = list(path.parent.glob(f'references/{TIER}_*/{test}.json'))
  problem = ''
  if drops and not known:
    problem = f'the claim {drops[0]} has no reference of tier {TIER}'
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
    errors.InputError: A technique.yaml or `waivers.yaml` is broken.
  """
  entries = waivers(root)
  known = {_key(entry): entry for entry in entries}
  if len(known) != len(entries):
    raise errors.InputError(f'{WAIVERS} waives one thing twice: take one out')
  found = []
  for folder, test in main_tests(root):
    found.append(_reference(root, folder, test))
    for tfmot in dict.fromkeys(versions):
      found += of_test(root, folder, test, tfmot)
  result = []
  for finding in found:
    entry = known.get(finding[:4])
    if entry and finding.problem:
      why = f'{entry["by"]}: {" ".join(entry["reason"].split())}'
      finding = finding._replace(waived=why)
    result.append(finding)
  return result


def _key(entry: Mapping[str, Any]) -> tuple[str, ...]:
  """Returns what a waiver is about."""
  return tuple(entry[k] for k in ('technique', 'test', 'tfmot', 'what'))


def told(root: pathlib.Path, findings: Sequence[Finding]) -> str:
  """Returns the gate's output: findings, then every waiver there ever was.

  Args:
    root: The folder of the project.
    findings: Of `check`.

  Returns:
    Lines.
  """
  lines = [str(f) for f in findings if f.problem]
  good = sum(not f.problem for f in findings)
  waived = sum(bool(f.waived) for f in findings)
  lines.append(
      f'gate: {good} of {len(findings)} good, {waived} waived,'
      f' {len(findings) - good - waived} missing or bad'
  )
  inside = {_key(e) for e in waivers(root)}
  shown = {f[:4] for f in findings if f.waived}
  for entry in waivers(root):
    if _key(entry) not in shown:
      lines.append(
          f'waiver in force, not needed here: {" ".join(_key(entry))}:'
          f' {entry["reason"]}'
      )
  for pin in history(root):
    for entry in pin['waived']:
      if _key(entry) not in inside:
        lines.append(
            f'waived on {pin["date"]} for the pin to {pin["to"]}:'
            f' {" ".join(_key(entry))}: {entry["reason"]}'
        )
  return '\n'.join(lines)


def refuse(findings: Sequence[Finding]) -> None:
  """Raises an `errors.InputError` if something is missing."""
  bad = [finding for finding in findings if not finding.good]
  if bad:
    raise errors.InputError(
        f'{len(bad)} of {len(findings)} pieces of evidence are missing or bad,'
        f' listed above; the first is {bad[0]}'
    )
