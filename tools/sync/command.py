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
import functools
import pathlib
import sys
from typing import Sequence

from tfmot_contrib import errors
from tfmot_contrib import surroundings
from tools.base import git
from tools.sync import editing
from tools.sync import fork as forks
from tools.sync import patches
from tools.sync import sources
from tools.sync import sync
from tools.sync import tree
from tools.sync import workspace
from tools.versions import bootstrap
from tools.versions import environment

say = workspace.say
_SHOWN = 20  # Names of a list that are printed.


def parse(argv: Sequence[str]) -> argparse.Namespace:
  """Returns the flags."""
  parser = argparse.ArgumentParser(
      prog='sync_upstream',
      description=__doc__,
      formatter_class=argparse.RawDescriptionHelpFormatter,
  )
  verb = parser.add_mutually_exclusive_group()
  add = verb.add_argument
  add('--to', default='', metavar='VERSION|REF', help='move to this one')
  add(
      '--same-version',
      action='store_true',
      help=(
          'make everything again for the version of the pin, for instance'
          ' after a change of a patch or glob, or to fill official/'
      ),
  )
  add(
      '--check',
      action='store_true',
      help=(
          'compare official/ with lock and patches, change nothing, ask no'
          ' network'
      ),
  )
  add(
      '--continue',
      dest='resume',
      action='store_true',
      help='go on after a conflict was resolved',
  )
  add('--abort', action='store_true', help='give up a sync with a conflict')
  add = parser.add_argument
  add(
      '--source',
      default='',
      metavar='KIND:WHERE',
      help='pypi:NAME, git:URL_OR_PATH[#SUBFOLDER] or folder:PATH, from now on',
  )
  add(
      '--dry-run',
      action='store_true',
      help='do everything but change official/',
  )
  add('--offline', action='store_true', help='take what is in the cache')
  add(
      '--commit',
      action='store_true',
      help="commit the result, upstream's files too",
  )
  add(
      '--discard-edits',
      action='store_true',
      help=(
          'go on although no patch holds what was edited in official/; the'
          ' old tree is kept in .sync_upstream/'
      ),
  )
  add(
      '--no-probe',
      dest='probe',
      action='store_false',
      help='leave out the numeric probe of the models, which takes a minute',
  )
  add(
      '--root',
      type=surroundings.path,
      default=bootstrap.ROOT,
      help='the clone to work in',
  )
  verbs = parser.add_subparsers(dest='verb', metavar='patches')
  sub = verbs.add_parser('patches', help='list and edit the patches')
  kinds = sub.add_subparsers(dest='patches', required=True)
  kinds.add_parser('list', help='show the series')
  new = kinds.add_parser('new', help='make a patch of the edits in official/')
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
      ('import', 'make a repository with a commit for each patch'),
      ('export', 'make the series of the commits of that repository'),
  ):
    kind = kinds.add_parser(name, help=text)
    kind.add_argument('folder', nargs='?', type=surroundings.path)
  kinds.add_parser('refresh', help='write each patch as the tool would')
  return parser.parse_args(argv)


def _listed(word: str, names: Sequence[str]) -> str:
  """Returns a list of names as lines, cut when it is long."""
  lines = [f'{word} {name}\n' for name in names[:_SHOWN]]
  if len(names) > _SHOWN:
    lines.append(f'{word} … and {len(names) - _SHOWN} more\n')
  return ''.join(lines)


def check(fork: forks.Fork) -> int:
  """Compares `official/` with lock and patches, and prints what differs.

  Args:
    fork: The fork.

  Returns:
    0 when nothing differs, else 1.
  """
  space, lock = fork.space, fork.lock
  if told := space.interrupted():
    say(told)
  if space.state.exists():
    say(f'a conflict waits to be resolved in {space.workshop}')
  bad = 0
  if told := forks.agreement(fork):
    print(f'{told}: run {forks.SYNC} --same-version')
    bad = 1
  if lock is None:
    return bad
  if not tree.is_filled(space.official):
    stray = tree.compare({}, space.official).extra
    print(
        _listed('extra', stray)
        + f'pin, lock and {len(fork.series)} patches'
        f' {"disagree" if bad else "agree"}; official/ has no files of'
        f' {lock.source} (fill it with {forks.SYNC} --same-version)'
    )
    return 1 if bad or stray else 0
  found = tree.compare(lock.patched, space.official)
  print(
      _listed('missing ', found.missing)
      + _listed('extra   ', found.extra)
      + _listed('modified', found.modified),
      end='',
  )
  told = forks.describe(found) or 'as locked'
  print(
      f'official/: {len(lock.patched)} files of {lock.source} with'
      f' {len(fork.series)} patches: {told}; {found.untracked} untracked files'
      ' of byte code'
  )
  return 1 if bad or found else 0


def _newest(fork: forks.Fork, package: str) -> str:
  """Asks for the newest release that resolves with the environment.

  Args:
    fork: The fork. Without --to, a sync never goes back from its lock.
    package: Upstream's package.

  Returns:
    The version.
  """
  chosen = environment.settings()['tensorflow']
  have = fork.lock.source if fork.lock else None
  same = have and (have.kind, have.where) == ('pypi', package)
  return sources.newest(
      package,
      environment.lock_of('tensorflow', chosen),
      have.version if same else '',
  )


def _author(root: pathlib.Path) -> str:
  """Returns the author that the user's git has."""
  found = git.identity(root)
  if not all(found):
    raise errors.InputError(
        'git does not know who you are: give --author "Name <address>"'
    )
  return f'{found[0]} <{found[1]}>'


def _update(fork: forks.Fork, flags: argparse.Namespace) -> sync.Plan | None:
  """Returns the plan of a sync, or None when there is nothing to do."""
  same, offline = flags.same_version, flags.offline
  source = sync.target(
      fork,
      to=flags.to,
      source=flags.source,
      same=same,
      offline=offline,
      newest=functools.partial(_newest, fork),
  )
  if not same and not flags.discard_edits:
    if sync.is_current(fork, source, offline=offline):
      return None
  return sync.prepare(fork, source, same=same, offline=offline)


def _edit(fork: forks.Fork, flags: argparse.Namespace) -> sync.Plan | None:
  """Carries out a verb of `patches`, and returns the plan it asks for."""
  offline, space = flags.offline, fork.space
  if flags.patches == 'new':
    return editing.new(
        fork,
        subject=flags.subject,
        author=flags.author or _author(space.root),
        reason=flags.reason,
        upstream=flags.upstream,
        body=flags.text,
        offline=offline,
    )
  if not flags.discard_edits:
    forks.stop_at_edits(fork, offline=offline)
  if flags.patches == 'refresh':
    return editing.refresh(fork, offline=offline)
  folder = flags.folder or editing.default_folder(space)
  if flags.patches == 'export':
    return editing.export_series(fork, folder, offline=offline)
  editing.import_series(fork, folder, offline=offline)
  print(
      f'{folder} has a commit for each patch. Work there with git (commit'
      ' --amend, rebase -i old), then:\n'
      f'    {forks.SYNC} patches export{f" {folder}" if flags.folder else ""}'
  )
  return None


def _refuse(flags: argparse.Namespace) -> None:
  """Refuses two flags of which one would be passed over in silence."""
  verbs = {
      '--check': flags.check,
      '--continue': flags.resume,
      '--abort': flags.abort,
  }
  given = {'--source': flags.source}
  if flags.verb:
    given |= {'--to': flags.to, '--same-version': flags.same_version, **verbs}
    verbs = {f'patches {flags.patches}': True}
  first = next(filter(given.get, given), '')
  other = next(filter(verbs.get, verbs), '')
  if first and other:
    raise errors.InputError(f'{first} goes not with {other}: leave one out')


def _run(flags: argparse.Namespace) -> int:
  """Carries out the command."""
  _refuse(flags)
  if flags.check:
    return check(forks.load(flags.root))
  if flags.verb == 'patches' and flags.patches == 'list':
    print(editing.table(forks.load(flags.root)))
    return 0
  space = workspace.Workspace(flags.root)
  with space.exclusive():
    fork = forks.load(flags.root)
    if flags.commit and not flags.dry_run:
      sync.check_index(fork)
    if flags.abort:
      sync.abort(fork)
      print(f'gave up; official/ is still {fork.lock.source}')
      return 0
    try:
      if flags.resume:
        plan = sync.resume(fork, offline=flags.offline)
      elif flags.verb:
        sync.stop_at_conflict(fork)
        plan = _edit(fork, flags)
        if plan is None:
          return 0
      else:
        sync.stop_at_conflict(fork)
        if not flags.discard_edits:
          forks.stop_at_edits(fork, offline=flags.offline)
        plan = _update(fork, flags)
    except sync.ConflictError as conflict:
      print(conflict)
      if flags.dry_run and not flags.resume:
        space.forget()
      return 1
    if plan is None:
      print(f'nothing to do: official/ is {fork.lock.source}')
      return 0
    # It imports griffe and numpy, which take longer than a --check.
    from tools.sync import conclude  # pylint: disable=g-import-not-at-top

    conclude.finish(
        fork,
        plan,
        dry_run=flags.dry_run,
        probe=flags.probe,
        commit=flags.commit,
    )
    return 0


@errors.exits_with_one_line
def main(argv: Sequence[str]) -> None:
  """Syncs."""
  sys.exit(_run(parse(argv)))


if __name__ == '__main__':
  main(sys.argv[1:])
