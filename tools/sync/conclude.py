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

"""The end of a sync: what it means, the new tree in its place, the commit.

The report is made before anything changes and written to `.sync_upstream/`,
as Markdown and JSON, with drafts of the commit message and of the entry in
CHANGELOG.md.
"""

import pathlib

from tools.sync import fork as forks
from tools.sync import pin as pins
from tools.sync import sources
from tools.sync import sync
from tools.sync import tree
from tools.sync import workspace
from tools.sync.impact import examine
from tools.sync.impact import report as reports


def _identity(lock: pins.Lock) -> reports.Identity:
  """Returns what the report says of a lock."""
  source = lock.source
  return reports.Identity(
      name=str(source._replace(version='')),
      version=source.version,
      resolved=lock.resolved,
      pristine=tree.digest(lock.pristine),
      patched=tree.digest(lock.patched),
  )


def _report(
    fork: forks.Fork, plan: sync.Plan, lock: pins.Lock, probe: bool
) -> reports.Report:
  """Compares the mirror as it is with the one that is to come."""
  space, to, before = fork.space, plan.target, fork.lock
  old = None
  if plan.old is not None:
    old = space.new_workshop()
    tree.write(plan.old, old)
  new = space.new_workshop()
  tree.write(plan.new, new)
  log = None
  if before and to.repository:
    upstream = sources.Upstream(
        to.source, to.resolved, {}, None, pathlib.Path(to.repository)
    )
    log = sources.log(upstream, fork.pin, before.resolved.get('commit', ''))
  return examine.examine(
      old,
      new,
      space.root,
      identities=(_identity(before) if before else None, _identity(lock)),
      repository=fork.pin.repository,
      patches=plan.verdicts,
      log=log,
      metadata=(plan.metadata, to.metadata),
      probe=probe,
  )


def _commit(fork: forks.Fork, message: str, entry: str) -> None:
  """Commits the new tree, and its entry in CHANGELOG.md."""
  log = fork.space.root / 'CHANGELOG.md'
  names = ['official']
  if entry and log.is_file():
    text = log.read_text(encoding='utf-8')
    at = text.find('\n* ', text.find('\n## ')) + 1
    if at:
      text = f'{text[:at]}{entry}{text[at:]}'
      log.write_text(text, encoding='utf-8')
      names.append('CHANGELOG.md')
  sync.run_git(fork, 'add', '--force', '--all', '--', *names, ':!*.pyc')
  if sync.run_git(fork, 'diff', '--cached', '--name-only'):
    sync.run_git(fork, 'commit', '-q', '-F', '-', stdin=message)
    print(f'committed: {message.splitlines()[0]}')


def finish(
    fork: forks.Fork,
    plan: sync.Plan,
    *,
    dry_run: bool,
    probe: bool,
    commit: bool,
) -> None:
  """Says what a plan means, and puts it in place.

  Args:
    fork: The fork as it is.
    plan: What is to be put in place.
    dry_run: Whether to leave `official/` as it is.
    probe: Whether the report has a numeric probe.
    commit: Whether to commit the result.

  Raises:
    errors.InputError: It cannot be put in place, or not be committed.
  """
  space = fork.space
  lock, contents = sync.texts(fork, plan)
  if fork.lock and fork.lock.patched == lock.patched:
    plan = plan._replace(old=plan.new)
    probe = False
  report = _report(fork, plan, lock, probe)
  print(report.terminal())
  drafts = {
      'report.md': report.markdown(),
      'report.json': report.json(),
      'commit_message.txt': report.commit_message(),
      'changelog_entry.md': report.changelog_entry(),
  }
  for name, text in drafts.items():
    (space.folder / name).write_text(text, encoding='utf-8')
  print(f'More in {workspace.FOLDER}/: {", ".join(drafts)}')
  if dry_run:
    held = fork.lock.source if fork.lock else 'without upstream'
    print(f'dry run: official/ is still {held}')
    return
  space.install(contents, plan.new, lock.patched)
  space.forget()
  print(f'official/ is {lock.source}, {len(lock.patched)} files')
  if commit:
    entry = drafts['changelog_entry.md'] if fork.lock else ''
    _commit(fork, drafts['commit_message.txt'], entry)
