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

"""Tests the sync as its users see it, on a small fork with real git."""

import os
import pathlib
import resource
import shutil
import signal

from absl.testing import absltest
from absl.testing import parameterized
from tools.mirror import make
from tools.mirror import sources
from tools.mirror import testing
from tools.mirror import workspace


class SyncTest(testing.ForkTestCase):

  def test_first_sync_puts_files_in_place_and_locks_them(self):
    self.sync()
    self.assertEqual((self.official / 'core.py').read_text(), testing.LINES)
    self.assertTrue((self.official / 'siblings/orbit/loop.py').exists())
    self.assertFalse((self.official / 'research').exists())
    self.assertEqual((self.official / 'BUILD').read_text(), '# Ours.\n')
    self.assertIn('4 files', self.sync('--check'))
    self.assertIn('# Why this upstream', self.pin_text())

  def pin_text(self):
    return (self.official / 'upstream.toml').read_text()

  def test_sync_is_idempotent(self):
    self.sync()
    before = self.snapshot()
    self.sync()
    self.sync('--same-version')
    self.assertEqual(self.snapshot(), before)

  def test_new_upstream_moves_the_patch(self):
    self.sync()
    self.patch('core: five', 'core.py', 'line_5 = 5', 'line_5 = 55')
    self.edit(self.upstream, 'official/core.py', 'line_0', '# new\nline_0')
    said = self.sync()
    self.assertRegex(said, r'rebased +0001-core-five\.patch')
    text = (self.official / 'core.py').read_text()
    self.assertIn('# new\nline_0', text)
    self.assertIn('line_5 = 55', text)
    patch = (self.official / 'patches/0001-core-five.patch').read_text()
    self.assertIn(
        '@@ -6,3 +6,3 @@', patch.replace('-7', '-6').replace('+7', '+6')
    )
    self.sync('--check')

  def test_dry_run_changes_nothing(self):
    self.sync()
    before = self.snapshot()
    self.edit(self.upstream, 'official/core.py', 'line_0', 'line_zero')
    self.assertIn('dry run', self.sync('--dry-run'))
    self.assertEqual(self.snapshot(), before)
    self.assertFalse((self.root / workspace.FOLDER / 'rebase').exists())

  @parameterized.parameters(
      'core.py', 'vision/new.py', 'siblings/orbit/loop.py'
  )
  def test_edits_stop_the_sync_and_can_be_saved(self, name):
    self.sync()
    with open(self.official / name, 'a', encoding='utf-8') as stream:
      stream.write('edited = 1\n')
    before = self.snapshot()
    self.edit(self.upstream, 'official/core.py', 'line_0', 'line_zero')
    said = self.sync(code=2)
    self.assertIn('patches new', said)
    self.assertIn(pathlib.Path(name).name, said)
    self.assertEqual(self.snapshot(), before)
    self.sync('patches', 'new', 'Edited', '--author', 'A. Uthor <a@b.example>')
    self.sync()
    self.assertIn('edited = 1', (self.official / name).read_text())
    self.assertIn('line_zero', (self.official / 'core.py').read_text())

  def test_deleted_file_is_an_edit(self):
    self.sync()
    (self.official / 'vision/model.py').unlink()
    self.assertIn('1 missing', self.sync(code=2))
    self.assertIn(
        'missing  official/vision/model.py', self.sync('--check', code=1)
    )
    self.sync('patches', 'new', 'No model', '--author', 'A <a@b.example>')
    self.sync('--same-version')
    self.assertFalse((self.official / 'vision').exists())

  def test_discarded_edits_are_kept_aside(self):
    self.sync()
    self.edit(self.official, 'core.py', 'line_0', 'mine')
    said = self.sync('--same-version', '--discard-edits')
    self.assertIn('kept in', said)
    (kept,) = (self.root / workspace.FOLDER).glob('kept-*')
    self.assertIn('mine', (kept / 'core.py').read_text())
    self.sync('--check')

  def test_check_tells_apart_what_differs(self):
    self.sync()
    (self.official / 'core.py').write_text('')
    (self.official / 'vision/model.py').unlink()
    testing.write(
        self.official,
        {'extra.py': '', '__pycache__/core.pyc': '', 'vision/x.pyc': ''},
    )
    said = self.sync('--check', code=1)
    self.assertIn('modified official/core.py', said)
    self.assertIn('missing  official/vision/model.py', said)
    self.assertIn('extra    official/extra.py', said)
    self.assertIn('2 untracked', said)

  def test_check_of_a_clone_that_is_not_filled(self):
    self.sync()
    for path in self.official.iterdir():
      if path.name not in (
          'BUILD',
          'upstream.toml',
          'upstream.lock',
          'patches',
      ):
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    self.assertIn('has no files of', self.sync('--check'))
    testing.write(self.official, {'core.py': 'mine\n'})
    self.sync('--check', code=1)
    self.assertIn('move them away', self.sync(code=2))

  def test_patch_or_pin_changed_by_hand(self):
    self.sync()
    self.patch('core: five', 'core.py', 'line_5 = 5', 'line_5 = 55')
    self.edit(self.official, 'patches/0001-core-five.patch', '= 55', '= 555')
    said = self.sync('--check', code=1)
    self.assertIn('0001-core-five.patch was changed since the lock', said)
    self.sync('--same-version')
    self.assertIn('line_5 = 555', (self.official / 'core.py').read_text())
    self.edit(self.official, 'upstream.toml', '"orbit/**"', '"research/**"')
    self.assertIn('globs', self.sync('--check', code=1))
    self.sync('--same-version')
    self.assertTrue((self.official / 'siblings/research').exists())
    self.assertFalse((self.official / 'siblings/orbit').exists())
    self.sync('--check')

  @parameterized.parameters('include', 'exclude')
  def test_glob_that_matches_nothing(self, key):
    self.sync()
    before = self.snapshot()
    old = f'{key} = ['
    self.edit(self.official, 'upstream.toml', old, f'{old}"typo/**", ')
    self.assertIn('typo/**', self.sync('--same-version', code=2))
    before['upstream.toml'] = self.snapshot()['upstream.toml']
    self.assertEqual(self.snapshot(), before)

  def test_transform(self):
    change = (
        '\n[[transform]]\nfiles = "official/*.py"\nfind = "line_1 "\n'
        'replace = "line_one "\n'
    )
    (self.official / 'upstream.toml').write_text(self.pin_text() + change)
    self.sync()
    self.assertIn('line_one = 1', (self.official / 'core.py').read_text())
    self.edit(self.official, 'upstream.toml', 'line_1 ', 'nowhere ')
    self.assertIn("'nowhere ' nowhere", self.sync(code=2))

  def test_patch_of_a_file_that_is_gone_conflicts(self):
    self.sync()
    self.patch('core: five', 'core.py', 'line_5 = 5', 'line_5 = 55')
    (self.upstream / 'official/core.py').unlink()
    before = self.snapshot()
    self.assertIn('conflicts with', self.sync(code=1))
    self.assertEqual(self.snapshot(), before)
    self.assertIn('waits for a conflict', self.sync(code=2))
    self.sync('--abort')
    self.assertEqual(self.snapshot(), before)

  def test_changed_source_kind(self):
    self.sync()
    repository = self.scratch / 'clone'
    shutil.copytree(self.upstream, repository / 'sub')
    testing.git.configure(repository)
    testing.commit(repository, 'All')
    before = self.snapshot()
    self.sync('--source', f'git:{repository}#sub')
    self.assertIn('ref = "HEAD"', self.pin_text())
    after = self.snapshot()
    for name in ('upstream.toml', 'upstream.lock', 'tree.bazelrc'):
      del before[name], after[name]
    self.assertEqual(after, before)
    self.assertIn('nothing to do', self.sync())

  def test_mirror_of_a_fresh_clone_equals_the_tree(self):
    self.sync()
    self.patch('core: five', 'core.py', 'line_5 = 5', 'line_5 = 55')
    filled = mirror.make(self.root)
    self.assertEqual(filled['official'], self.official)
    self.assertEqual(filled['orbit'], self.official / 'siblings/orbit')
    for name in ('tree.bazelrc', 'core.py', '__init__.py'):
      (self.official / name).unlink()
    shutil.rmtree(self.official / 'siblings')
    shutil.rmtree(self.official / 'vision')
    made = mirror.make(self.root)
    self.assertIn('line_5 = 55', (made['official'] / 'core.py').read_text())
    self.assertTrue((made['orbit'] / 'loop.py').exists())
    self.edit(self.official, 'patches/0001-core-five.patch', '55', '56')
    with self.assertRaisesRegex(ValueError, 'changed since the lock'):
      mirror.make(self.root)

  @parameterized.parameters(
      (['--to', '1.0'], 'a folder has no versions'),
      (['--continue'], 'no conflict to continue'),
      (['--abort'], 'no sync to abort'),
      (['--source', 'ftp:x'], 'write pypi:NAME'),
      (['--source', 'git:nowhere'], "no repository 'nowhere'"),
      (['--source', 'folder:nowhere'], "no folder 'nowhere'"),
      (['--source', 'folder:~nobody-here/x'], 'no such user'),
      (['--source', 'git:~nobody-here/x'], 'no such user'),
      (['--source', 'pypi:a b'], 'no package name'),
      (['--source', 'pypi:x', '--offline'], 'name one with --to'),
      (['--source', 'pypi:x', '--to', '1', '--offline'], 'not in the cache'),
      (['--source', 'pypi:x', '--to=--evil'], 'no version'),
      (['patches', 'new', 'S', '--author', 'A <a@b.c>'], 'nothing .* edited'),
      (['patches', 'export'], 'no repository'),
      (['--to', '1.0', 'patches', 'list'], '--to goes not with patches list'),
      (['--abort', 'patches', 'list'], '--abort goes not with patches list'),
      (['--check', 'patches', 'new', 'S'], '--check goes not with patches new'),
      (['--source', 'folder:x', '--check'], '--source goes not with --check'),
  )
  def test_bad_command(self, flags, message):
    self.sync()
    before = self.snapshot()
    self.assertRegex(self.sync(*flags, code=2), message)
    self.assertEqual(self.snapshot(), before)


class NewestTest(absltest.TestCase):

  def test_name_that_the_resolver_spells_otherwise(self):
    run = absltest.mock.Mock(return_value='tf-x-extra==2\ntf-x==1.5\n')
    with absltest.mock.patch.multiple(sources.bootstrap, run=run, uv=str):
      self.assertEqual(sources.newest('TF_X', pathlib.Path('a')), '1.5')


class PatchesTest(testing.ForkTestCase):

  def setUp(self):
    super().setUp()
    self.sync()
    self.patch('core: five', 'core.py', 'line_5 = 5', 'line_5 = 55')
    self.patch('orbit: six', 'siblings/orbit/loop.py', 'step_6 = 6', 'six = 6')
    self.repository = self.root / workspace.FOLDER / 'patches'

  def run_git(self, *arguments):
    testing.git.run(self.repository, *arguments, what='testing')

  def test_import_and_export_are_byte_for_byte(self):
    before = self.snapshot()
    self.sync('patches', 'import')
    self.assertIn('exists', self.sync('patches', 'import', code=2))
    self.sync('patches', 'export')
    self.assertEqual(self.snapshot(), before)
    self.sync('patches', 'refresh')
    self.assertEqual(self.snapshot(), before)

  def test_edit_with_git(self):
    self.sync('patches', 'import')
    self.edit(self.repository, 'orbit/loop.py', 'six = 6', 'six = 66')
    self.assertIn('not committed', self.sync('patches', 'export', code=2))
    self.run_git('commit', '-qa', '--amend', '--no-edit')
    self.sync('patches', 'export')
    self.assertIn(
        'six = 66', (self.official / 'siblings/orbit/loop.py').read_text()
    )
    self.sync('--check')

  def test_dropped_reordered_and_new_commits(self):
    self.sync('patches', 'import')
    self.run_git('checkout', '-q', '-B', 'patches', 'old')
    self.run_git('cherry-pick', 'patches@{1}', 'patches@{1}~')
    testing.write(self.repository, {'official/new.py': 'x = 1\n'})
    self.run_git('add', '-A')
    self.run_git('commit', '-qm', 'A new file')
    self.assertIn(
        'needs a line "Reason', self.sync('patches', 'export', code=2)
    )
    message = 'A new file\n\nReason: environment\nUpstream: a/b#1\n'
    self.run_git('commit', '-q', '--amend', '-m', message)
    self.sync('patches', 'export')
    self.assertEqual(
        sorted(p.name for p in (self.official / 'patches').iterdir()),
        [
            '0001-orbit-six.patch',
            '0002-core-five.patch',
            '0003-a-new-file.patch',
        ],
    )
    self.assertIn('environment', self.sync('patches', 'list'))

  def test_offset_needs_a_refresh(self):
    path = self.official / 'patches/0001-core-five.patch'
    text = path.read_text()
    at = text.index('@@ -') + 4
    number = int(text[at : text.index(',', at)])
    path.write_text(text.replace(f'{number},3', f'{number + 2},3'))
    self.assertIn('patches refresh', self.sync('--same-version', code=2))
    self.sync('patches', 'refresh')
    self.assertEqual(path.read_text(), text)


class NothingLostTest(testing.ForkTestCase):

  def setUp(self):
    super().setUp()
    self.sync()
    self.before = self.snapshot()
    self.edit(self.upstream, 'official/core.py', 'line_0', 'line_zero')

  def test_second_sync_waits_and_says_so(self):
    space = workspace.Workspace(self.root)
    with space.exclusive():
      other = self.start()
      self.assertIn('waiting for another sync', other.stdout.readline())
      self.assertEqual(self.snapshot(), self.before)
    self.assertIn('official/ is', other.communicate()[0])
    self.assertIn('line_zero', (self.official / 'core.py').read_text())

  def test_full_disk(self):
    full = absltest.mock.Mock(free=1 << 20)
    with absltest.mock.patch.object(
        workspace.shutil, 'disk_usage', return_value=full
    ):
      self.assertIn('free some space', self.sync(code=2))
    self.assertEqual(self.snapshot(), self.before)

  def test_write_that_fails_half_way(self):
    testing.write(self.upstream, {'official/large.py': 'x' * 300_000})
    old = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, limits[1]))
    try:
      said = self.sync(code=2)
    finally:
      resource.setrlimit(resource.RLIMIT_FSIZE, limits)
      signal.signal(signal.SIGXFSZ, old)
    self.assertRegex(said, 'cannot write|failed')
    self.assertEqual(self.snapshot(), self.before)
    self.sync('--check')
    self.sync()

  def test_edit_made_while_the_sync_runs_is_kept(self):
    real = workspace.exchange

    def exchange(one, other):
      self.edit(self.official, 'core.py', 'line_3 ', 'meanwhile ')
      real(one, other)

    with absltest.mock.patch.object(workspace, 'exchange', exchange):
      self.assertIn('kept in', self.sync())
    (kept,) = (self.root / workspace.FOLDER).glob('kept-*')
    self.assertIn('meanwhile', (kept / 'core.py').read_text())

  def test_folders_that_cannot_be_exchanged(self):
    with self.assertRaisesRegex(ValueError, 'cannot exchange'):
      workspace.exchange(self.scratch / 'none', self.official)

  @parameterized.parameters('stage', 'swap')
  def test_next_run_says_which_tree_it_is(self, when):
    real = workspace.exchange

    def killed(one, other):
      if when == 'swap':
        real(one, other)
      os._exit(9)

    pid = os.fork()
    if not pid:
      workspace.exchange = killed
      try:
        self.sync()
      finally:
        os._exit(1)
    self.assertEqual(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), 9)
    which = 'new' if when == 'swap' else 'old'
    message = f'an earlier sync was stopped: official/ is its {which} tree'
    self.assertIn(message, self.sync('--check'))
    self.assertIn(message, self.sync())
    self.assertNotIn('stopped', self.sync('--check'))
    self.assertIn('line_zero', (self.official / 'core.py').read_text())

  def test_wheel_that_is_not_the_locked_one(self):
    wheel = self.scratch / 'x-1.0-py3-none-any.whl'
    wheel.write_bytes(b'no wheel at all')

    def download(package, version, folder):
      return pathlib.Path(shutil.copy(wheel, folder))

    with absltest.mock.patch.object(sources, 'download', download):
      said = self.sync('--source', 'pypi:x', '--to', '1.0', code=2)
    self.assertIn('is corrupt', said)
    self.assertEqual(self.snapshot(), self.before)


class CommitTest(testing.ForkTestCase):

  def test_commit_has_files_and_changelog(self):
    testing.git.configure(self.root)
    testing.write(
        self.root, {'.gitignore': '/official/*\n!/official/upstream.*\n'}
    )
    testing.commit(self.root, 'Start')
    self.sync('--commit')
    names = testing.git.text(
        self.root, 'ls-files', 'official', what='listing'
    ).split('\n')
    self.assertContainsSubset(
        ['official/core.py', 'official/siblings/orbit/loop.py'], names
    )
    status = testing.git.text(self.root, 'status', '--porcelain', what='x')
    self.assertEqual(status.replace(f'?? {workspace.FOLDER}/', ''), '')
    self.edit(self.upstream, 'official/core.py', 'line_0', 'line_zero')
    self.sync('--commit')
    subject = testing.git.text(self.root, 'log', '-1', '--format=%s', what='x')
    self.assertIn('Official Models', subject)
    log = (self.root / 'CHANGELOG.md').read_text()
    self.assertGreater(log.index('* First.'), log.index('Official Models'))
    testing.write(self.root, {'staged.txt': 'x'})
    testing.git.run(self.root, 'add', 'staged.txt', what='staging')
    self.edit(self.upstream, 'official/core.py', 'line_2', 'line_two')
    before = self.snapshot()
    self.assertIn('staged', self.sync('--commit', code=2))
    self.assertEqual(self.snapshot(), before)


if __name__ == '__main__':
  absltest.main()
