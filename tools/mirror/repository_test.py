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

"""Tests the series as a repository: edited, saved, left behind, taken back."""

import shutil

from absl.testing import absltest
from absl.testing import parameterized

from tools.base import git
from tools.mirror import fork
from tools.mirror import testing

_WHO = ('--author', 'A. Uthor <a@b.example>')


class RepositoryTest(testing.ForkTestCase):

  def setUp(self):
    super().setUp()
    self.sync()
    self.patch('core: five', 'official/core.py', 'line_5 = 5', 'line_5 = 55')
    self.patch('orbit: six', 'orbit/loop.py', 'step_6 = 6', 'six = 6')
    self.repository = self.root / fork.REPOSITORY

  def run_git(self, *arguments):
    return git.text(self.repository, *arguments, what='testing')

  def test_import_and_export_are_byte_for_byte(self):
    before = self.snapshot()
    self.sync('patches', 'import')
    self.assertIn('exists', self.sync('patches', 'import', code=2))
    self.sync('patches', 'export')
    self.assertEqual(self.snapshot(), before)
    shutil.rmtree(self.repository)
    self.sync('patches', 'refresh')
    self.assertEqual(self.snapshot(), before)

  def test_bazel_takes_it_while_it_is_there(self):
    cached = fork.packages(self.root)
    self.sync('patches', 'import')
    self.assertEqual(
        fork.packages(self.root),
        {name: self.repository / name for name in cached},
    )
    setting = (self.repository / fork.BAZELRC).read_text()
    self.assertStartsWith(setting, 'common --repo_env=OFFICIAL_MODELS_TREE=')
    self.sync('--check')
    self.edit(self.repository, 'official/core.py', 'line_3 ', 'three ')
    said = self.sync('--check', code=1)
    self.assertIn('modified official/core.py', said)
    shutil.rmtree(self.repository)
    self.assertEqual(fork.packages(self.root), cached)
    self.sync('--check')

  def test_edit_with_git(self):
    self.sync('patches', 'import')
    for old, new in (('six = 6', 'six = 7'), ('six = 7', 'six = 8')):
      self.edit(self.repository, 'orbit/loop.py', old, new)
      self.assertIn('not committed', self.sync('patches', 'export', code=2))
      self.run_git('commit', '-qa', '--amend', '--no-edit')
      self.sync('patches', 'export')
      self.assertIn(new, fork.load(self.root).series[1].content.decode())
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
    self.assertIn('needs a line "Reason', self.sync('--check', code=1))
    message = 'A new file\n\nReason: environment\nUpstream: a/b#1\n'
    self.run_git('commit', '-q', '--amend', '-m', message)
    self.sync('patches', 'export')
    self.assertEqual(
        sorted(p.name for p in (self.official / 'patches').iterdir()),
        [
            '0001-orbit-six.patch',
            '0002-core-five.patch',
            '0003-A-new-file.patch',
        ],
    )
    self.assertIn('environment', self.sync('patches', 'list'))

  def test_elsewhere(self):
    folder = self.scratch / 'elsewhere'
    self.sync('patches', 'import', str(folder))
    git.run(folder, 'reset', '-q', '--hard', 'HEAD~', what='dropping')
    self.sync('patches', 'export', str(folder))
    self.assertNotIn('orbit: six', self.sync('patches', 'list'))

  def test_offset_needs_a_refresh(self):
    path = self.official / 'patches/0001-core-five.patch'
    text = path.read_text()
    path.write_text(text.replace('@@ -5,3 +5,3', '@@ -7,3 +7,3'))
    self.assertIn('patches refresh', self.sync('--same-version', code=2))
    self.sync('patches', 'refresh')
    self.assertEqual(path.read_text(), text)

  def test_series_that_changed_meanwhile(self):
    self.sync('patches', 'import')
    (self.official / 'patches/0002-orbit-six.patch').unlink()
    self.run_git('reset', '-q', '--hard', 'HEAD~2')
    said = self.sync('patches', 'export', code=2)
    self.assertIn('was changed since', said)

  @parameterized.parameters(b'', b'[]', b'tool = 1')
  def test_note_that_is_broken(self, note):
    self.sync('patches', 'import')
    (self.repository / '.git/upstream.lock').write_bytes(note)
    self.assertIn('is broken', self.sync('patches', 'export', code=2))

  def test_base_that_moved(self):
    self.sync('patches', 'import')
    self.run_git('branch', '-f', 'old', 'HEAD~')
    self.assertIn('a branch was', self.sync('patches', 'export', code=2))


class EditsTest(testing.ForkTestCase):

  def setUp(self):
    super().setUp()
    self.sync()
    self.sync('patches', 'import')
    self.repository = self.root / fork.REPOSITORY
    self.edit(self.upstream, 'official/core.py', 'line_0', 'line_zero')

  @parameterized.parameters(
      'official/core.py', 'official/vision/new.py', 'orbit/loop.py'
  )
  def test_edits_stop_the_sync_and_can_be_saved(self, name):
    with open(self.repository / name, 'a', encoding='utf-8') as stream:
      stream.write('edited = 1\n')
    before = self.snapshot()
    said = self.sync(code=2)
    self.assertIn('patches new', said)
    self.assertIn(name, said)
    self.assertEqual(self.snapshot(), before)
    self.sync('patches', 'new', 'Edited', *_WHO)
    # Nothing of the repository is thrown away.
    self.assertIn('kept in', self.sync())
    self.assertIn('edited = 1', self.mirror()[name])
    self.assertIn('line_zero', self.mirror()['official/core.py'])

  def test_deleted_file_is_an_edit(self):
    (self.repository / 'official/vision/model.py').unlink()
    self.sync(code=2)
    said = self.sync('--check', code=1)
    self.assertIn('missing  official/vision/model.py', said)
    self.sync('patches', 'new', 'No model', *_WHO)
    self.assertNotIn('official/vision/model.py', self.mirror())

  def test_commit_that_no_patch_holds_is_an_edit(self):
    self.edit(self.repository, 'official/core.py', 'line_3 ', 'three ')
    message = 'Three\n\nReason: temporary\nUpstream: a/b#1\n'
    git.run(self.repository, 'commit', '-qam', message, what='committing')
    self.assertIn('its commits are not', self.sync(code=2))
    self.sync('patches', 'export')
    self.sync('--check')
    command = ['commit', '-q', '--amend', '--author', 'B <b@b.example>']
    git.run(self.repository, *command, '--no-edit', what='amending')
    self.sync('patches', 'export')
    self.assertLen(fork.load(self.root).series, 1)
    self.sync()
    self.assertIn('three ', self.mirror()['official/core.py'])

  def test_discarded_edits_are_kept_aside(self):
    self.edit(self.repository, 'official/core.py', 'line_3', 'mine')
    self.assertIn('kept in', self.sync('--discard-edits'))
    (kept,) = (self.root / fork.FOLDER).glob('kept-*')
    self.assertIn('mine', (kept / 'official/core.py').read_text())
    self.sync('--check')

  def test_byte_code_is_no_edit(self):
    testing.write(self.repository, {'official/__pycache__/core.pyc': 'x'})
    self.sync('--check')
    said = self.sync('patches', 'new', 'Nothing', *_WHO, code=2)
    self.assertIn('was edited: there is nothing', said)
    self.assertIn('becomes one by tools/nox -s sync_upstream', said)

  def test_fields_are_checked_before_anything_is_committed(self):
    self.edit(self.repository, 'official/core.py', 'line_3', 'mine')
    said = self.sync('patches', 'new', 'x', '--author', 'me', code=2)
    self.assertIn("'me' is not 'Name", said)
    self.assertIn('mine', git.text(self.repository, 'diff', 'HEAD', what='x'))


if __name__ == '__main__':
  absltest.main()
