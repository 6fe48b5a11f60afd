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

"""Moves the floor, the oldest TFMOT that this fork works with, or refuses to.

    tools/nox -s pin_tfmot -- X.Y.Z             moves it everywhere
    tools/nox -s pin_tfmot -- X.Y.Z --dry-run   says what would happen
    tools/nox -s pin_tfmot -- --check           do all places agree?
    tools/nox -s pin_tfmot -- --derive          what do the symbols in use need?

docs/pin.md tells what has to hold.
"""

import argparse
import datetime
import difflib
import json
import pathlib
import sys
import tempfile
from typing import Any, Sequence

from packaging import version as versions

from tfmot_contrib import errors
from tfmot_contrib import surroundings
from tools.base import files
from tools.base import git
from tools.floor import derive
from tools.floor import evidence
from tools.floor import gate
from tools.floor import index
from tools.floor import official
from tools.floor import places
from tools.floor import real_check
from tools.floor import sign
from tools.floor import symbols
from tools.floor import tight
from tools.reference import draw
from tools.versions import bootstrap
from tools.versions import environment
from tools.versions import lock

_OFFICIAL = 'official'
_SIGNED = '/evidence/signed/'


def parser() -> argparse.ArgumentParser:
  """Makes the parser of the command."""
  result = argparse.ArgumentParser(
      prog='pin_tfmot',
      description=__doc__,
      formatter_class=argparse.RawDescriptionHelpFormatter,
  )
  add = result.add_argument
  add('version', nargs='?', metavar='X.Y.Z', help='a release of TFMOT')
  add('--check', action='store_true', help='write nothing: do places agree?')
  add('--dry-run', action='store_true', help='write nothing, say what would be')
  add(
      '--lower', action='store_true', help='move the floor down; needs --reason'
  )
  add('--reason', default='', help='why; is kept in the history of pins')
  add('--target', choices=('fork', _OFFICIAL), default='fork')
  add('--output', type=surroundings.path, help='folder for --target official')
  add('--derive', action='store_true', help='derive the floor from symbols')
  add('--build-table', action='store_true', help='read all releases anew')
  add('--real-check', action='store_true', help='ask index, wheels and mirror')
  add('--sign', nargs='*', metavar='TEST', help='sign for the main tests')
  add('--party', default='', help='with --sign: who signs')
  add('--role', choices=evidence.ROLES, help='with --sign: as whom')
  return result


def _refuse_flags(flags: argparse.Namespace) -> None:
  """Raises an `errors.InputError` for flags that make no sense together."""
  modes = {
      '--check': flags.check,
      '--dry-run': flags.dry_run,
      '--derive': flags.derive,
      '--build-table': flags.build_table,
      '--real-check': flags.real_check,
      '--sign': flags.sign is not None,
  }
  if len(given := [name for name, on in modes.items() if on]) > 1:
    raise errors.InputError(
        f'{" and ".join(given)} do not go together: give one'
    )
  alone = flags.check or flags.derive or flags.build_table or flags.real_check
  if not flags.version and not alone:
    raise errors.InputError('give a version, such as 0.8.1, or --check')
  if flags.version:
    index.well_formed(flags.version)
  if flags.lower and not flags.reason.strip():
    raise errors.InputError('--lower takes a --reason, which is kept')
  if flags.sign is None and (flags.party or flags.role):
    raise errors.InputError('--party and --role go with --sign')
  if flags.sign is not None and not (flags.party.strip() and flags.role):
    raise errors.InputError('--sign takes --party NAME and --role ROLE')
  if flags.output and flags.target != _OFFICIAL:
    raise errors.InputError('--output goes with --target official')
  if flags.lower and flags.target == _OFFICIAL:
    raise errors.InputError('--lower does not go with --target official')


def refuse_dirty(root: pathlib.Path, beside: str = '') -> None:
  """Refuses a tree with changes that are not committed.

  Args:
    root: The folder of the project.
    beside: A part of the paths that do not count.

  Raises:
    errors.InputError: It has changes, or is no repository.
  """
  what = 'asking git for changes'
  changed = git.text(root, 'status', '--porcelain', what=what).splitlines()
  changed = [line for line in changed if not beside or beside not in line]
  if changed:
    raise errors.InputError(
        f'{len(changed)} files have changes that are not committed, such as'
        f' {changed[0][3:]}: commit or stash them first'
    )


def check(root: pathlib.Path, version: str | None) -> None:
  """Compares all places that name the floor, and the symbols in use.

  Args:
    root: The folder of the project.
    version: What the floor should be, or None.

  Raises:
    errors.InputError: Something disagrees.
  """
  wanted = places.truth(root)
  problems = [str(problem) for problem in places.check(root)]
  if version and version != wanted[places.FLOOR]:
    problems.insert(
        0,
        f'pyproject.toml: the floor is {wanted[places.FLOOR]}, not {version}:'
        f' move it with tools/nox -s pin_tfmot -- {version}',
    )
  for problem in problems:
    print(problem)
  if problems:
    raise errors.InputError(
        f'{len(problems)} places disagree, listed above; the first is'
        f' {problems[0]}'
    )
  refuse_underived(root, wanted[places.FLOOR])
  print(
      f'pin_tfmot: floor {wanted[places.FLOOR]}, newest'
      f' {wanted[places.LATEST]}; all places agree'
  )


def refuse_underived(root: pathlib.Path, floor: str) -> list[str]:
  """Refuses a floor that lacks a symbol in use.

  Args:
    root: The folder of the project.
    floor: The release.

  Returns:
    The symbols in use here.

  Raises:
    errors.InputError: Ours or the mirror's code needs a later release.
  """
  table = symbols.load(root)
  uses = {derive.OURS: derive.ours(root), derive.MIRROR: derive.of_mirror(root)}
  for name, found in uses.items():
    derived = derive.derive(found, table)
    if versions.Version(floor) < versions.Version(derived.floor):
      use = derived.needing[0]
      raise errors.InputError(
          f'TFMOT {floor} is older than what {name} needs, {derived.floor}: it'
          f' lacks {use.symbol}, used in {use.path}:{use.line}'
      )
  return sorted({use.symbol for use in uses[derive.OURS]})


def _refuse_direction(floor: str, now: str, flags: argparse.Namespace) -> None:
  """Refuses to lower by accident."""
  lower = versions.Version(floor) < versions.Version(now)
  if lower and not flags.lower:
    raise errors.InputError(
        f'{floor} is lower than the floor, {now}: say so with --lower --reason'
        ' REASON'
    )
  if flags.lower and not lower:
    raise errors.InputError(f'{floor} is not lower than the floor, {now}')


def _tight(
    root: pathlib.Path,
    floor: str,
    latest: str,
    uses: Sequence[str],
    reason: str,
) -> dict[str, Any]:
  """Proves the floor tight; see `tight`.

  Args:
    root: The folder of the project.
    floor: The new floor.
    latest: The newest release.
    uses: The symbols in use.
    reason: Why the floor is higher than need be, if it is.

  Returns:
    What the probe found at the floor, the newest and the release before.

  Raises:
    errors.InputError: The floor or the newest fails, or the release before
      passes and there is no reason.
  """
  table = symbols.load(root)
  tensorflow = environment.table(root / 'pyproject.toml')['tensorflow']
  before = tight.before(floor, table)
  found = {}
  for release in dict.fromkeys(filter(None, (before, floor, latest))):
    found[release] = tight.run(release, uses, tensorflow, table)
    print(f'probe: {tight.told(found[release])}', flush=True)
    if release != before and not found[release]['passes']:
      raise errors.InputError(
          f'{tight.told(found[release])}: it cannot be pinned'
      )
  if before and found[before]['passes'] and not reason:
    raise errors.InputError(
        f'the bump is not needed: {tight.told(found[before])}; give a --reason'
        ' to have it all the same'
    )
  return {'floor': floor, 'before': before, 'releases': found}


def _lock_text(root: pathlib.Path, version: str) -> str | None:
  """Returns the lock of a release, or None where there is one."""
  path = root / places.LOCKS / f'tfmot-{version}.txt'
  if path.is_file():
    return None
  with tempfile.TemporaryDirectory(dir=bootstrap.ROOT, prefix='.pin-') as made:
    target = pathlib.Path(made) / path.name
    extra = [f'{symbols.PACKAGE}=={version}']
    lock.compile_lock('', target, extra, '--no-deps')
    return target.read_text(encoding='utf-8')


def pin(root: pathlib.Path, flags: argparse.Namespace) -> None:
  """Moves the floor.

  Args:
    root: The folder of the project.
    flags: Of the command.

  Raises:
    errors.InputError: It is refused. Nothing has changed.
  """
  floor, reason = flags.version, flags.reason.strip()
  now = places.truth(root)
  _refuse_direction(floor, now[places.FLOOR], flags)
  if not flags.dry_run:
    refuse_dirty(root)
  index.check_release(floor)
  uses = refuse_underived(root, floor)
  chosen = environment.table(root / 'pyproject.toml')
  base = root / places.LOCKS / f'tensorflow-{chosen["tensorflow"]}.txt'
  latest = index.latest_from(floor, chosen['waived'], base)
  print(
      f'resolved: lowest {floor}, highest {latest}, on Python'
      f' {", ".join(index.PYTHONS)}',
      flush=True,
  )
  proof = _tight(root, floor, latest, uses, reason)
  findings = gate.check(root, [floor, latest])
  print(gate.told(root, findings))
  texts = places.rewritten(root, {places.FLOOR: floor, places.LATEST: latest})
  texts[str(tight.RECORD)] = json.dumps(proof, indent=1) + '\n'
  texts[str(gate.HISTORY)] = _history(
      root, now, floor, latest, reason, findings
  )
  for release in dict.fromkeys((floor, latest)):
    if (text := _lock_text(root, release)) is not None:
      texts[str(places.LOCKS / f'tfmot-{release}.txt')] = text
  if flags.dry_run:
    _show(root, texts)
    gate.refuse(findings)
    return
  gate.refuse(findings)
  files.write_all(root, texts)
  for name in texts:
    print(f'pin_tfmot: wrote {name}')


def _history(
    root: pathlib.Path,
    now: dict[str, str],
    floor: str,
    latest: str,
    reason: str,
    findings: Sequence[gate.Finding],
) -> str:
  """Returns the history of pins with another one."""
  waived = {f[:4] for f in findings if f.waived}
  entry = {
      'date': datetime.date.today().isoformat(),
      'from': now[places.FLOOR],
      'to': floor,
      'latest': latest,
      'reason': reason,
      'waived': [
          e
          for e in gate.waivers(root)
          if (e['technique'], e['test'], e['tfmot'], e['what']) in waived
      ],
  }
  return json.dumps([*gate.history(root), entry], indent=1) + '\n'


def _show(root: pathlib.Path, texts: dict[str, str]) -> None:
  """Prints what would change."""
  for name, text in texts.items():
    old = (root / name).read_text('utf-8') if (root / name).is_file() else ''
    sys.stdout.writelines(
        difflib.unified_diff(
            old.splitlines(keepends=True),
            text.splitlines(keepends=True),
            f'a/{name}',
            f'b/{name}',
            n=0,
        )
    )


def _sign(root: pathlib.Path, flags: argparse.Namespace) -> None:
  """Signs for the main tests, or for those that are named."""
  main = {test: folder for folder, test in gate.main_tests(root)}
  if strange := [test for test in flags.sign if test not in main]:
    raise errors.InputError(
        f'{strange[0]} is no main test: there are {", ".join(sorted(main))}'
    )
  refuse_dirty(root, beside=_SIGNED)
  environment.lock_of('tfmot', flags.version, root / places.LOCKS)
  bazel = draw.Bazel(bootstrap.bazel(), root)
  tensorflow = environment.table(root / 'pyproject.toml')['tensorflow']
  for test in flags.sign or sorted(main):
    path = sign.sign(
        bazel,
        main[test],
        test,
        tensorflow=tensorflow,
        tfmot=flags.version,
        party=flags.party,
        role=flags.role,
    )
    print(f'pin_tfmot: signed {path.relative_to(root)}')


@errors.exits_with_one_line
def main(argv: Sequence[str], root: pathlib.Path = bootstrap.ROOT) -> None:
  """Runs the command.

  Args:
    argv: The command line without the program.
    root: The folder of the project.
  """
  flags = parser().parse_args(argv)
  _refuse_flags(flags)
  if flags.build_table:
    table = symbols.build(index.released())
    files.write_all(root, {str(symbols.TABLE): symbols.to_text(table)})
    print(f'pin_tfmot: wrote {symbols.TABLE}, {len(table.releases)} releases')
  elif flags.real_check:
    print('\n'.join(real_check.check()))
  elif flags.derive:
    table = symbols.load(root)
    for name, uses in (
        (derive.OURS, derive.ours(root)),
        (derive.MIRROR, derive.of_mirror(root)),
    ):
      print(derive.told(name, derive.derive(uses, table), table))
  elif flags.check:
    check(root, flags.version)
  elif flags.sign is not None:
    _sign(root, flags)
  elif flags.target == _OFFICIAL:
    folder = flags.output or official.FOLDER
    if not flags.dry_run:
      refuse_dirty(root)
    index.check_release(flags.version)
    texts = official.texts(root, flags.version, folder)
    if flags.dry_run:
      _show(root, texts)
    else:
      files.write_all(root, texts)
      for name in texts:
        print(f'pin_tfmot: wrote {name}')
  else:
    pin(root, flags)


if __name__ == '__main__':
  main(sys.argv[1:])
