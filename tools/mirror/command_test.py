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

import pathlib
import shutil

from absl.testing import absltest
from absl.testing import parameterized

from tools.base import git
from tools.env import index
from tools.mirror import fork
from tools.mirror import testing


class SyncTest(testing.ForkTestCase):

  def test_first_sync_locks_the_files(self):
    self.sync()
    mirror = self.mirror()
    self.assertEqual(mirror['official/core.py'], testing.LINES)
    self.assertIn('orbit/loop.py', mirror)
    self.assertNotIn('research/not_mirrored.py', mirror)
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
    self.patch('core: five', 'official/core.py', 'line_5 = 5', 'line_5 = 55')
    self.edit(self.upstream, 'official/core.py', 'line_0', '# new\nline_0')
    said = self.sync()
    self.assertRegex(said, r'rebased . 0001-core-five\.patch')
    text = self.mirror()['official/core.py']
    self.assertIn('# new\nline_0', text)
    self.assertIn('line_5 = 55', text)
    patch = (self.official / 'patches/0001-core-five.patch').read_text()
    self.assertIn('@@ -6,3 +6,3 @@', patch.replace('7', '6'))
    self.sync('--check')

  def test_dry_run_changes_nothing(self):
    self.sync()
    before = self.snapshot()
    self.edit(self.upstream, 'official/core.py', 'line_0', 'line_zero')
    self.assertIn('dry run', self.sync('--dry-run'))
    self.assertEqual(self.snapshot(), before)
    self.assertFalse((self.root / fork.REPOSITORY).exists())

  def test_check_tells_apart_what_differs(self):
    self.sync()
    folder = fork.cached(fork.load(self.root).lock)
    before = fork.packages(self.root)
    for name in ('official/core.py', 'official/vision/model.py'):
      (folder / name).unlink()
    files = {'official/core.py': '', 'extra.py': '', '__pycache__/x.pyc': ''}
    testing.write(folder, files)
    said = self.sync('--check', code=1)
    self.assertIn('modified official/core.py', said)
    self.assertIn('missing  official/vision/model.py', said)
    self.assertIn('extra    extra.py', said)
    self.assertNotIn('x.pyc', said)
    with self.assertRaisesRegex(ValueError, 'delete it'):
      fork.packages(self.root)
    shutil.rmtree(folder)
    self.assertIn('not made yet', self.sync('--check'))
    self.assertEqual(fork.packages(self.root), before)

  def test_stray_file(self):
    self.sync()
    testing.write(self.official, {'vision/left.py': 'mine\n'})
    said = self.sync('--check', code=1)
    self.assertIn('extra    official/vision/left.py', said)
    self.sync('--same-version')
    self.assertEqual((self.official / 'vision/left.py').read_text(), 'mine\n')

  def test_patch_or_pin_changed_by_hand(self):
    self.sync()
    self.patch('core: five', 'official/core.py', 'line_5 = 5', 'line_5 = 55')
    self.edit(self.official, 'patches/0001-core-five.patch', '= 55', '= 555')
    said = self.sync('--check', code=1)
    self.assertIn('0001-core-five.patch was changed since the lock', said)
    self.sync('--same-version')
    self.assertIn('line_5 = 555', self.mirror()['official/core.py'])
    self.edit(self.official, 'upstream.toml', '"orbit/**"', '"research/**"')
    self.assertIn('globs', self.sync('--check', code=1))
    self.sync('--same-version')
    self.assertIn('research/not_mirrored.py', self.mirror())
    self.assertNotIn('orbit/loop.py', self.mirror())
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

  def test_changed_source_kind(self):
    self.sync()
    repository = self.scratch / 'clone'
    shutil.copytree(self.upstream, repository / 'sub')
    git.configure(repository)
    testing.commit(repository, 'All')
    before = self.mirror()
    self.sync('--source', f'git:{repository}#sub')
    self.assertIn('ref = "HEAD"', self.pin_text())
    self.assertEqual(self.mirror(), before)
    self.assertIn('nothing to do', self.sync())

  def test_wheel_that_is_not_the_locked_one(self):
    self.sync()
    before = self.snapshot()
    wheel = self.scratch / 'x-1.0-py3-none-any.whl'
    wheel.write_bytes(b'no wheel at all')

    def download(package, version, folder):
      return pathlib.Path(shutil.copy(wheel, folder))

    with absltest.mock.patch.object(index, 'download', download):
      said = self.sync('--source', 'pypi:x', '--to', '1.0', code=2)
    self.assertIn('is corrupt', said)
    self.assertEqual(self.snapshot(), before)

  @parameterized.parameters(
      (['--to', '1.0'], 'a folder has no versions'),
      (['--continue'], 'no conflict to continue'),
      (['--abort'], 'no sync to abort'),
      (['--source', 'ftp:x'], 'write pypi:NAME'),
      (['--source', 'git:nowhere'], "no repository 'nowhere'"),
      (['--source', 'folder:nowhere'], "no folder 'nowhere'"),
      (['--source', 'folder:~nobody-here/x'], 'no such user'),
      (['--source', 'git:~nobody-here/x'], 'no such user'),
      (['--source', 'pypi:a b'], 'is no pypi'),
      (['--source', 'pypi:x', '--offline'], 'name one with --to'),
      (['--source', 'pypi:x', '--to', '1', '--offline'], 'not in the cache'),
      (['--source', 'pypi:x', '--to=--evil'], 'no version'),
      (['patches', 'new', 'S', '--author', 'A <a@b.c>'], 'nobody edits'),
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


class CommitTest(testing.ForkTestCase):

  def test_commit_has_files_and_changelog(self):
    git.configure(self.root)
    testing.write(self.root, {'.gitignore': '/.sync_upstream/\n'})
    testing.commit(self.root, 'Start')
    self.sync('--commit')
    names = git.text(self.root, 'ls-files', 'official', what='listing').split(
        '\n'
    )
    self.assertContainsSubset(
        ['official/mirror/official/core.py', 'official/mirror/orbit/loop.py'],
        names,
    )
    status = git.text(self.root, 'status', '--porcelain', what='x')
    self.assertEqual(status, '')
    # Bazel takes it from there, and every sync keeps it in step.
    core = self.official / 'mirror/official/core.py'
    self.assertEqual(fork.packages(self.root)['official'], core.parent)
    self.edit(self.upstream, 'official/core.py', 'line_0', 'line_zero')
    self.sync('--commit')
    subject = git.text(self.root, 'log', '-1', '--format=%s', what='x')
    self.assertIn('Official Models', subject)
    log = (self.root / 'CHANGELOG.md').read_text()
    self.assertGreater(log.index('* First.'), log.index('Official Models'))
    self.assertIn('line_zero', core.read_text())
    core.write_text('mine')
    said = self.sync('--check', code=1)
    self.assertIn('modified official/core.py', said)
    with self.assertRaisesRegex(ValueError, 'is not the mirror'):
      fork.packages(self.root)
    self.sync('--same-version')
    self.assertIn('line_zero', core.read_text())
    testing.write(self.root, {'staged.txt': 'x'})
    git.run(self.root, 'add', 'staged.txt', what='staging')
    self.edit(self.upstream, 'official/core.py', 'line_2', 'line_two')
    before = self.snapshot()
    self.assertIn('staged', self.sync('--commit', code=2))
    self.assertEqual(self.snapshot(), before)


if __name__ == '__main__':
  absltest.main()
