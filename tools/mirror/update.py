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

"""Moves the fork to another upstream, or its series to another state.

An update fetches upstream's files, rebases the patches onto them in a git
repository, says what that means, and replaces pin, lock and patches. An edit
makes that repository of the series as it is, and reads it back afterwards.
`tools.mirror.command` is the command line of both.
"""

import argparse
import pathlib
from typing import Sequence

from tfmot_contrib import errors
from tools.base import files
from tools.base import git
from tools.env import environment
from tools.env import index
from tools.mirror import fork as forks
from tools.mirror import install
from tools.mirror import patches
from tools.mirror import pin as pins
from tools.mirror import repository
from tools.mirror import sources
from tools.mirror import tree

_SYNC = forks.SYNC


class ConflictError(Exception):
  """A patch that somebody has to look at. The message says what to do."""


def _newest(fork: forks.Fork, package: str) -> str:
  """Asks for the newest release that resolves with the environment.

  TFMOT does not count: it is a layer of its own, installed without what it
  asks for.

  Args:
    fork: The fork. Without --to, a sync never goes back from its lock.
    package: Upstream's package.

  Returns:
    The version.

  Raises:
    errors.InputError: None resolves, or there is no network.
  """
  if fork.offline:
    raise errors.InputError(
        '--offline cannot ask for the newest version: name one with --to, or'
        ' stay with --same-version'
    )
  chosen = environment.settings()['tensorflow']
  have = fork.lock.source if fork.lock else None
  same = have and (have.kind, have.where) == ('pypi', package)
  wanted = f'{package}>={have.version}' if same else package
  try:
    return index.resolve(
        package,
        [wanted],
        constraints=environment.lock_of('tensorflow', chosen),
        overrides=['tensorflow-model-optimization; python_version < "3"'],
    )
  except errors.InputError as error:
    raise errors.InputError(
        f'no release of {wanted} resolves with the environment: name one with'
        f' --to, or stay with --same-version ({str(error)[:300]}…)'
    ) from error


def target(fork: forks.Fork, flags: argparse.Namespace) -> pins.Source:
  """Returns the source that a command asks for.

  Args:
    fork: The fork.
    flags: Of the command.

  Returns:
    The source, with an exact version or a ref.

  Raises:
    errors.InputError: The command contradicts itself or the pin.
  """
  wanted, what = fork.pin.source, '--source' if flags.source else '--to'
  if flags.source:
    kind, _, where = flags.source.partition(':')
    where, _, subfolder = where.partition('#')
    if kind not in pins.KINDS or not where:
      raise errors.InputError(
          f'--source {flags.source}: write pypi:NAME,'
          ' git:URL_OR_PATH[#SUBFOLDER] or folder:PATH'
      )
    wanted = pins.Source(kind, where, '', subfolder)
  if flags.to and wanted.kind == 'folder':
    raise errors.InputError('--to: a folder has no versions')
  if flags.to:
    wanted = wanted._replace(version=flags.to)
  elif wanted.kind == 'pypi' and not flags.same_version:
    # The name goes to the resolver: look at it first.
    pins.make_source(wanted._replace(version='0').table(), what)
    wanted = wanted._replace(version=_newest(fork, wanted.where))
  elif wanted.kind == 'git' and not wanted.version:
    wanted = wanted._replace(version='HEAD')
  return pins.make_source(wanted.table(), what)


def prepare(
    fork: forks.Fork, space: install.Space, flags: argparse.Namespace
) -> repository.Plan | None:
  """Fetches upstream and rebases the patches onto it.

  Args:
    fork: The fork.
    space: Where to work.
    flags: Of the command.

  Returns:
    What would be put in place; None when there is nothing to do.

  Raises:
    ConflictError: A patch conflicts. The repository stays for it.
    errors.InputError: Anything else that is wrong.
  """
  source, same, lock = target(fork, flags), flags.same_version, fork.lock
  held = lock.resolved if lock and lock.source == source else {}
  anew = same or flags.discard_edits
  # A folder may have changed, so of that nobody knows.
  current = held and not anew and not forks.disagreement(fork)
  if current and source.kind == 'git':
    now = sources.commit_of(source, root=fork.root, offline=fork.offline)
    current = held['commit'] == now
  if current:
    return None
  upstream = sources.fetch(
      fork.pin,
      source,
      root=fork.root,
      offline=fork.offline,
      locked=held if same or source.kind == 'pypi' else {},
  )
  stamps = tree.digests(upstream.files)
  if source.kind == 'folder':  # It has no versions to come back to.
    forks.write_cached(forks.kept(stamps), upstream.files)
  same_choice = lock and lock.selection == fork.pin.selection
  if same and held and same_choice and stamps != lock.pristine:
    raise errors.InputError(
        f'{source} no longer has the files that were locked: sync without'
        ' --same-version to move to what it has now'
    )
  if lock is None or stamps == lock.pristine:
    patched = patches.apply(upstream.files, fork.series)
    return repository.Plan(upstream, patched, fork.series)
  git.check_version()
  old = forks.fetch_locked(fork).files
  folder = space.scratch()
  trees = {patches.EDIT: old, patches.UPDATE: upstream.files}
  patches.create(folder, trees, fork.series)
  patched = git.read_tree(folder, 'HEAD')
  if tree.digests(patched) == lock.patched:
    forks.write_cached(forks.cached(lock), patched)  # For the report.
  repository.note(fork, folder, upstream)
  conflicts = patches.rebase(folder)
  if conflicts:
    told = _what_to_do(fork, folder, source, conflicts)
    if not flags.dry_run:
      retire(fork, space)
      folder.rename(fork.repository)
    raise ConflictError(told)
  return repository.read(fork, folder)


def _what_to_do(
    fork: forks.Fork,
    now: pathlib.Path,
    source: pins.Source,
    conflicts: Sequence[str],
) -> str:
  """Returns the commands that resolve a conflict."""
  command = ['log', '-1', '--format=%s', 'REBASE_HEAD']
  subject = git.text(now, *command, what='reading the conflict')
  files_ = {patch.subject: patch.name for patch in fork.series}
  folder = fork.repository.relative_to(fork.root)
  names = ''.join(f'    {name}\n' for name in conflicts)
  return (
      f'{files_.get(subject)} ({subject}) conflicts with {source}:\n{names}'
      'official/ was not changed. Resolve it, with the marks of the conflict in'
      f' {folder}/:\n'
      f'    cd {folder}\n'
      f'    $EDITOR {" ".join(conflicts)}\n'
      '    git add -A && cd -\n'
      f'    {_SYNC} --continue\n'
      'If upstream made the patch needless, take what upstream has:\n'
      f'    git -C {folder} reset -q --hard\n'
      f'    {_SYNC} --continue\n'
      f'Or stay with {fork.lock.source}:\n'
      f'    {_SYNC} --abort'
  )


def resume(fork: forks.Fork) -> repository.Plan:
  """Goes on after somebody resolved a conflict.

  Args:
    fork: The fork.

  Returns:
    What would be put in place.

  Raises:
    ConflictError: The next patch conflicts too.
    errors.InputError: There is no conflict, it is not resolved, or `official/`
      was changed meanwhile.
  """
  if not repository.updating(fork):
    raise errors.InputError('there is no conflict to continue with')
  source = repository.noted(fork.repository).source
  if conflicts := patches.resume(fork.repository):
    raise ConflictError(_what_to_do(fork, fork.repository, source, conflicts))
  return repository.read(fork, fork.repository)


def retire(fork: forks.Fork, space: install.Space) -> None:
  """Moves the repository of the series aside, if there is one."""
  if fork.repository.exists():
    space.keep(fork.repository)


def finish(
    fork: forks.Fork,
    space: install.Space,
    plan: repository.Plan,
    flags: argparse.Namespace,
) -> None:
  """Says what a plan means, and puts it in place.

  Args:
    fork: The fork as it is.
    space: Where to work.
    plan: What is to be put in place.
    flags: Of the command.

  Raises:
    errors.InputError: It cannot be put in place, or not be committed.
  """
  # Slow to import, and not there when Bazel makes the mirror.
  from tools.mirror import impact  # pylint: disable=g-import-not-at-top

  source = plan.upstream.source
  lock = pins.Lock(
      source=source,
      resolved=plan.upstream.resolved,
      selection=fork.pin.selection,
      patches=patches.digests(plan.series),
      pristine=tree.digests(plan.upstream.files),
      patched=tree.digests(plan.patched),
  )
  forks.write_cached(forks.cached(lock), plan.patched)
  report = impact.report(fork, plan, lock)
  print(report)
  files.write(space.folder / 'report.md', report)
  if flags.dry_run:
    held = fork.lock.source if fork.lock else 'without upstream'
    print(f'dry run: official/ is still {held}')
    return
  pin = (fork.official / 'upstream.toml').read_bytes()
  if source != fork.pin.source:
    pin = pins.pin_text(fork.official, source).encode()
  contents = {
      'upstream.toml': pin,
      'upstream.lock': pins.lock_text(lock).encode(),
      **{f'patches/{patch.name}': patch.content for patch in plan.series},
  }
  committed = flags.commit or fork.committed.is_dir()
  space.install(contents, plan.patched if committed else None)
  if plan.repository == fork.repository and fork.edited:
    repository.note(forks.load(fork.root), fork.repository, plan.upstream)
    print(
        f'Bazel takes the mirror from {forks.FOLDER}/{fork.repository.name}'
        ' while it is there: delete it when you are done'
    )
  else:
    retire(fork, space)
  print(f'official/ is {lock.source}, {len(lock.patched)} files')
  if flags.commit:
    _commit(fork, impact.title(fork.lock, lock), report)


def _commit(fork: forks.Fork, subject: str, report: str) -> None:
  """Commits `official/` with the mirror, and an entry in CHANGELOG.md."""
  log, names = fork.root / 'CHANGELOG.md', ['official']
  if fork.lock and log.is_file():
    text = log.read_text(encoding='utf-8')
    at = text.find('\n* ', text.find('\n## ')) + 1
    if at:
      files.write(log, f'{text[:at]}* {subject}.\n{text[at:]}')
      names.append(log.name)
  _git(fork, 'add', '--force', '--all', '--', *names)
  if _git(fork, 'diff', '--cached', '--name-only'):
    body = report.partition('\n')[2].replace('\n#', '\n')
    _git(fork, 'commit', '-q', '-F', '-', stdin=f'{subject}\n{body}')
    print(f'committed: {subject}')


def check_index(fork: forks.Fork) -> None:
  """Refuses to commit what somebody staged before the sync."""
  if staged := _git(fork, 'diff', '--cached', '--name-only').split('\n')[0]:
    raise errors.InputError(
        f'{staged} is staged: commit it first, so that the sync is a commit of'
        ' its own'
    )


def _git(fork: forks.Fork, *command: str, stdin: str = '') -> str:
  """Runs the git of the user, with the user's settings."""
  options = {'stdin': stdin.encode(), 'isolated': False}
  done = git.run(fork.root, *command, what=f'git {command[0]}', **options)
  return done.stdout.decode()
