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

docs/pin.md tells what has to hold.
"""

import argparse
import datetime
import difflib
import json
import pathlib
import re
import sys
import tempfile
from typing import Any, Sequence

from packaging import version as versions

from tfmot_contrib import errors
from tools.base import exceptions
from tools.base import files
from tools.base import git
from tools.env import bootstrap
from tools.env import clashes
from tools.env import environment
from tools.env import index
from tools.env import lock
from tools.env import releases
from tools.evidence import audit
from tools.evidence import signatures
from tools.release import eligible
from tools.release import places
from tools.release import symbols
from tools.suite import draw
from tools.suite import project
from tools.suite import suite

HISTORY = pathlib.Path('tools/release/history.json')
_SIGNED = '/evidence/signed/'
_KEYS = ('date', 'from', 'to', 'latest', 'reason', 'before', 'reproduced')


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
  add('--sign', nargs='*', metavar='TEST', help='sign for the main tests')
  add('--party', default='', help='with --sign: who signs')
  add('--role', choices=signatures.ROLES, help='with --sign: as whom')
  return result


def _refuse_flags(flags: argparse.Namespace) -> None:
  """Raises an `errors.InputError` for flags that make no sense together."""
  modes = {
      '--check': flags.check,
      '--dry-run': flags.dry_run,
      '--sign': flags.sign is not None,
  }
  if len(given := [name for name, on in modes.items() if on]) > 1:
    raise errors.InputError(
        f'{" and ".join(given)} do not go together: give one'
    )
  if not flags.version and not flags.check:
    raise errors.InputError('give a version, such as 0.8.1, or --check')
  if flags.version:
    eligible.well_formed(flags.version)
  if flags.lower and not flags.reason.strip():
    raise errors.InputError('--lower takes a --reason, which is kept')
  if flags.sign is None and (flags.party or flags.role):
    raise errors.InputError('--party and --role go with --sign')
  if flags.sign is not None and not (flags.party.strip() and flags.role):
    raise errors.InputError('--sign takes --party NAME and --role ROLE')


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
  symbols.refuse_lacking(root, wanted[places.FLOOR])
  print(
      f'pin_tfmot: floor {wanted[places.FLOOR]}, newest'
      f' {wanted[places.LATEST]}; all places agree'
  )


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


def tight(root: pathlib.Path, floor: str, reason: str) -> str:
  """Proves a floor tight: the smoke tests fail with the release before it.

  Args:
    root: The folder of the project.
    floor: The new floor.
    reason: Why the floor is higher than need be, if it is.

  Returns:
    What became of the release before, in a line.

  Raises:
    errors.InputError: The tests pass with it and there is no reason, or Bazel
      could not run them.
  """
  older = [
      release
      for release in index.available(releases.PACKAGE)
      if versions.Version(release) < versions.Version(floor)
  ]
  if not older:
    return 'there is no release before'
  before = older[-1]
  labels = [
      draw.label_of(folder, test, 'smoke')
      for folder in dict.fromkeys(name for name, _ in audit.main_tests(root))
      for test, arguments in project.declared(root, folder).items()
      if arguments.get('smoke', True)
  ]
  wheel = index.wheel(releases.PACKAGE, before)
  # That it asks for what is not there is no failure yet.
  options = [f'--repo_env=TFMOT={wheel}', '--repo_env=TFMOT_CLASHES=ignore']
  bad = suite.run(draw.Bazel(bootstrap.bazel(), root), labels, options).bad
  if bad:
    why = bad[0].why.rpartition(' | ')[2]
    # Where the environment lies on this machine is nobody's business.
    why = re.sub(r'/\S*?/site-packages/', '', why)
    return f'TFMOT {before} fails {bad[0].label}: {why}'
  told = f'TFMOT {before} passes the smoke tests of all techniques'
  if not reason:
    raise errors.InputError(
        f'the bump is not needed: {told}; give a --reason to have it all the'
        ' same'
    )
  return told


def _lock_text(root: pathlib.Path, version: str) -> str | None:
  """Returns the lock of a release, or None where there is one."""
  path = root / places.LOCKS / f'tfmot-{version}.txt'
  if path.is_file():
    return None
  with tempfile.TemporaryDirectory(dir=bootstrap.ROOT, prefix='.pin-') as made:
    target = pathlib.Path(made) / path.name
    extra = [f'{releases.PACKAGE}=={version}']
    lock.compile_lock('', target, extra, '--no-deps')
    return files.read(target)


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
  past = history(root)
  _refuse_direction(floor, now[places.FLOOR], flags)
  if not flags.dry_run:
    refuse_dirty(root)
  eligible.check(floor)
  symbols.refuse_lacking(root, floor)
  chosen = environment.table(root / 'pyproject.toml')
  base = root / places.LOCKS / f'tensorflow-{chosen["tensorflow"]}.txt'
  accepted = exceptions.parse(chosen['exceptions'], clashes.SOURCE)
  latest = eligible.latest_from(floor, accepted, base)
  print(
      f'resolved: lowest {floor}, highest {latest}, on Python'
      f' {", ".join(bootstrap.PYTHONS)}',
      flush=True,
  )
  findings = audit.check(root, [floor, latest])
  print(audit.told(findings), flush=True)
  before = 'not tried in a dry run'
  if not flags.dry_run:
    audit.refuse(findings)
    before = tight(root, floor, reason)
  print(f'the release before: {before}')
  entry = {
      'date': datetime.date.today().isoformat(),
      'from': now[places.FLOOR],
      'to': floor,
      'latest': latest,
      'reason': reason,
      'before': before,
      'reproduced': audit.reproduced(findings),
  }
  texts = places.rewritten(root, {places.FLOOR: floor, places.LATEST: latest})
  texts[str(HISTORY)] = json.dumps([*past, entry], indent=1) + '\n'
  for release in dict.fromkeys((floor, latest)):
    if (text := _lock_text(root, release)) is not None:
      texts[str(places.LOCKS / f'tfmot-{release}.txt')] = text
  if flags.dry_run:
    _show(root, texts)
    audit.refuse(findings)
    return
  files.write_all(root, texts)
  for name in texts:
    print(f'pin_tfmot: wrote {name}')


def history(root: pathlib.Path) -> list[dict[str, Any]]:
  """Reads the pins that were made, oldest first.

  Args:
    root: The folder of the project.

  Returns:
    Entries with `date`, `from`, `to`, `latest`, `reason`, what became of the
    release `before`, and by whom each test was `reproduced`.

  Raises:
    errors.InputError: The file is broken.
  """
  path = root / HISTORY
  try:
    entries = json.loads(files.read(path)) if path.exists() else []
    for entry in entries:
      for name in _KEYS:
        _ = entry[name]
  except (ValueError, KeyError, TypeError) as error:
    if isinstance(error, errors.InputError):
      raise
    raise errors.InputError(
        f'{HISTORY} is broken ({error!r}): restore it with git'
    ) from error
  return entries


def _show(root: pathlib.Path, texts: dict[str, str]) -> None:
  """Prints what would change."""
  for name, text in texts.items():
    old = files.read(root / name) if (root / name).is_file() else ''
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
  main_tests = {test: folder for folder, test in audit.main_tests(root)}
  if strange := [test for test in flags.sign if test not in main_tests]:
    raise errors.InputError(
        f'{strange[0]} is no main test: there are'
        f' {", ".join(sorted(main_tests))}'
    )
  refuse_dirty(root, beside=_SIGNED)
  environment.lock_of('tfmot', flags.version, root / places.LOCKS)
  settings = {
      'tensorflow': environment.table(root / 'pyproject.toml')['tensorflow'],
      'tfmot': flags.version,
  }
  bazel = draw.Bazel(bootstrap.bazel(), root)
  for test in flags.sign or sorted(main_tests):
    path = signatures.make(
        bazel,
        main_tests[test],
        test,
        party=flags.party,
        role=flags.role,
        **settings,
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
  if flags.check:
    check(root, flags.version)
  elif flags.sign is not None:
    _sign(root, flags)
  else:
    pin(root, flags)


if __name__ == '__main__':
  main(sys.argv[1:])
