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

"""The command line of the sync: `tools/nox -s sync_upstream -- …`.

Without a flag it moves the fork to the newest release of upstream that the
environment resolves with. It ends with 0 when all is well, with 1 when --check
finds a difference or a patch conflicts, and with 2 on bad input.
"""

import argparse
import pathlib
import sys
from typing import Sequence

from tfmot_contrib import errors
from tfmot_contrib import surroundings
from tools.base import git
from tools.base import markdown
from tools.env import bootstrap
from tools.mirror import fork as forks
from tools.mirror import install
from tools.mirror import patches
from tools.mirror import repository
from tools.mirror import tree
from tools.mirror import update

_SHOWN = 20  # Names of a list that are printed.
_VERBS = {
    '--same-version': 'make all again, after a patch or glob was changed',
    '--check': 'compare pin, lock, patches and mirror, without a network',
    '--continue': 'go on after a conflict was resolved',
    '--abort': 'give up a sync with a conflict',
}
_SWITCHES = {
    '--dry-run': 'do everything but change official/',
    '--offline': 'take what is in the cache',
    '--commit': "commit the result, and upstream's files in official/mirror/",
    '--discard-edits': 'keep aside what is edited and no patch holds, go on',
}


def parse(argv: Sequence[str]) -> argparse.Namespace:
  """Returns the flags."""
  parser = argparse.ArgumentParser(
      prog='sync_upstream',
      description=__doc__,
      formatter_class=argparse.RawDescriptionHelpFormatter,
  )
  verb = parser.add_mutually_exclusive_group()
  verb.add_argument(
      '--to', default='', metavar='VERSION|REF', help='move to this one'
  )
  for group, texts in ((verb, _VERBS), (parser, _SWITCHES)):
    for name, text in texts.items():
      group.add_argument(name, action='store_true', help=text)
  parser.add_argument(
      '--source',
      default='',
      metavar='KIND:WHERE',
      help='pypi:NAME, git:URL_OR_PATH[#SUBFOLDER] or folder:PATH, from now on',
  )
  parser.add_argument(
      '--root',
      type=surroundings.path,
      default=bootstrap.ROOT,
      help='the clone to work in',
  )
  verbs = parser.add_subparsers(dest='verb', metavar='patches')
  sub = verbs.add_parser('patches', help='list and edit the patches')
  kinds = sub.add_subparsers(dest='patches', required=True)
  kinds.add_parser('list', help='show the series')
  new = kinds.add_parser('new', help='make a patch of what is edited')
  new.add_argument('subject', help='what it does, in a line')
  new.add_argument('--reason', choices=patches.REASONS, default='temporary')
  new.add_argument(
      '--upstream',
      default=patches.NOT_REPORTED,
      metavar='LINK',
      help='where upstream was told: a URL or owner/name#1',
  )
  new.add_argument('--text', default='', help='why it is needed')
  new.add_argument(
      '--author', default='', help='"Name <address>" (default: as git has it)'
  )
  for name, text in (
      ('import', 'edit: make a repository with a commit for each patch'),
      ('export', 'make the series of the commits of that repository'),
  ):
    kind = kinds.add_parser(name, help=text)
    kind.add_argument('folder', nargs='?', type=surroundings.path)
  kinds.add_parser('refresh', help='write each patch as the tool would')
  return parser.parse_args(argv)


def _cut(text: str) -> str:
  """Returns lines, cut when there are many."""
  lines = text.splitlines(keepends=True)
  more = f'… and {len(lines) - _SHOWN} more\n' * (len(lines) > _SHOWN)
  return ''.join(lines[:_SHOWN]) + more


def check(fork: forks.Fork) -> int:
  """Compares pin, lock, patches and mirror, and prints what differs.

  Args:
    fork: The fork.

  Returns:
    0 when nothing differs, else 1.
  """
  lock, bad = fork.lock, 0
  if install.Space(fork.root).stopped():
    install.say('an earlier sync was stopped; official/ is whole')
  if told := forks.disagreement(fork):
    print(f'{told}: run {forks.SYNC} --same-version')
    bad = 1
  if lock is None:
    return bad
  if fork.repository.exists():
    if repository.updating(fork):
      install.say(f'a conflict waits to be resolved in {fork.repository}')
    elif told := repository.unsaved(fork):
      print(f'no patch holds what is edited in {fork.repository}: {told}')
      print(_cut(forks.edits(fork)), end='')
      bad = 1
  stray = tree.files(fork.official, [*forks.OWN, 'mirror'])
  print(_cut(''.join(f'extra    official/{name}\n' for name in stray)), end='')
  bad |= bool(stray)
  folder, told = forks.place(fork), 'not made yet'
  if folder.is_dir():
    told = f'as locked, in {folder}'
    if found := tree.compare(lock.patched, tree.read(folder)):
      print(_cut(found), end='')
      told, bad = f'NOT as locked: delete {folder}', 1
  print(
      f'mirror: {len(lock.patched)} files of {lock.source} with'
      f' {len(fork.series)} patches, {told}'
  )
  return bad


def _table(fork: forks.Fork) -> str:
  """Returns the series as a table."""
  header = ('number', 'reason', 'files', 'upstream', 'subject')
  counts = [p.content.count(b'\ndiff --git ') for p in fork.series]
  rows = [
      (p.name[:4], p.reason, count, p.upstream, p.subject)
      for p, count in zip(fork.series, counts, strict=True)
  ]
  return markdown.table(header, rows)


def _author(root: pathlib.Path) -> str:
  """Returns the author that the user's git has."""
  found = git.identity(root)
  if not all(found):
    raise errors.InputError(
        'git does not know who you are: give --author "Name <address>"'
    )
  return f'{found[0]} <{found[1]}>'


def _stop_at_edits(fork: forks.Fork, flags: argparse.Namespace) -> None:
  """Refuses to go on when something is edited that no patch holds."""
  if repository.updating(fork):
    raise errors.InputError(
        f'a sync waits for a conflict to be resolved in {fork.repository}: go'
        f' on with {forks.SYNC} --continue, or give it up with --abort'
    )
  told = '' if flags.discard_edits else repository.unsaved(fork)
  if told:
    raise errors.InputError(
        f'no patch holds what is edited in {fork.repository} ({told}): save it'
        f' with {forks.SYNC} patches new "SUBJECT" or patches export, or leave'
        ' it behind with --discard-edits'
    )


def _edit(
    fork: forks.Fork, space: install.Space, flags: argparse.Namespace
) -> repository.Plan | None:
  """Carries out a verb of `patches`, and returns the plan it asks for."""
  if flags.patches == 'new':
    fields = {
        'Subject': flags.subject.strip(),
        'Reason': flags.reason,
        'Upstream': flags.upstream,
    }
    author = flags.author or _author(fork.root)
    return repository.new(fork, author, fields, flags.text)
  folder = flags.folder if 'folder' in flags else None
  if flags.patches == 'export':
    return repository.export(fork, folder or fork.repository)
  if flags.patches == 'refresh':
    _stop_at_edits(fork, flags)
    return repository.refresh(fork, space)
  repository.edit(fork, space, folder or fork.repository)
  print(
      f'{folder or fork.repository} has a commit for each patch, on the branch'
      f' {patches.BRANCH}. Edit there, and save an edit as a patch of its'
      f' own:\n    {forks.SYNC} patches new "SUBJECT"\nOr work with git (commit'
      f' --amend, rebase -i old), then:\n    {forks.SYNC} patches'
      f' export{f" {folder}" if folder else ""}'
  )
  return None


def _refuse(flags: argparse.Namespace) -> None:
  """Refuses two flags of which one would be passed over in silence."""
  given = vars(flags)
  verbs = [n for n in _VERBS if given[n[2:].replace('-', '_')]]
  firsts = ['--source'] * bool(flags.source)
  others = [name for name in verbs if name != '--same-version']
  if flags.verb:
    firsts += ['--to'] * bool(flags.to) + verbs
    others = [f'patches {flags.patches}']
  if firsts and others:
    raise errors.InputError(
        f'{firsts[0]} goes not with {others[0]}: leave one out'
    )


def _run(flags: argparse.Namespace) -> int:
  """Carries out the command."""
  _refuse(flags)
  if flags.check:
    return check(forks.load(flags.root))
  if flags.verb and flags.patches == 'list':
    print(_table(forks.load(flags.root)), end='')
    return 0
  space = install.Space(flags.root)
  with space.exclusive():
    fork = forks.load(flags.root, flags.offline)
    if flags.commit and not flags.dry_run:
      update.check_index(fork)
    if flags.abort:
      if not repository.updating(fork):
        raise errors.InputError('there is no sync to abort')
      update.retire(fork, space)
      print(f'gave up; official/ is still {fork.lock.source}')
      return 0
    try:
      if getattr(flags, 'continue'):
        plan = update.resume(fork)
      elif flags.verb:
        plan = _edit(fork, space, flags)
        if plan is None:
          return 0
      else:
        _stop_at_edits(fork, flags)
        plan = update.prepare(fork, space, flags)
    except update.ConflictError as conflict:
      print(conflict)
      return 1
    if plan is None:
      print(f'nothing to do: official/ is {fork.lock.source}')
      return 0
    update.finish(fork, space, plan, flags)
    return 0


@errors.exits_with_one_line
def main(argv: Sequence[str]) -> None:
  """Syncs."""
  sys.exit(_run(parse(argv)))


if __name__ == '__main__':
  main(sys.argv[1:])
