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

"""Tests what the fork says of itself, and the mirror that Bazel takes."""

import contextlib
import io
import shutil

from absl.testing import absltest

from tools.mirror import fork
from tools.mirror import testing
from tools.mirror import tree


class ForkTest(testing.ForkTestCase):

  def setUp(self):
    super().setUp()
    self.sync()
    self.patch('core: five', 'official/core.py', 'line_5 = 5', 'line_5 = 55')

  def test_mirror_is_made_of_lock_and_patches(self):
    shutil.rmtree(self.scratch / 'cache/mirror')
    self.edit(self.upstream, 'official/core.py', 'line_0', 'line_zero')
    made = fork.packages(self.root)
    self.assertEqual(sorted(made), ['official', 'orbit'])
    text = (made['official'] / 'core.py').read_text()
    self.assertIn('line_5 = 55', text)
    self.assertIn('line_0', text)  # The source moved on, the lock did not.
    found = tree.read(made['official'].parent)
    self.assertEqual(tree.digests(found), fork.load(self.root).lock.patched)

  def test_mirror_cannot_be_written(self):
    for path in fork.packages(self.root)['official'].rglob('*.py'):
      self.assertEqual(path.stat().st_mode & 0o222, 0)

  def test_patch_that_is_not_of_the_lock(self):
    self.edit(self.official, 'patches/0001-core-five.patch', '55', '56')
    with self.assertRaisesRegex(ValueError, 'changed since the lock'):
      fork.packages(self.root)

  def test_patches_that_do_not_make_the_files(self):
    shutil.rmtree(self.scratch / 'cache/mirror')
    path = self.official / 'patches/0001-core-five.patch'
    before = fork.load(self.root).digests[path.name]
    self.edit(self.official, f'patches/{path.name}', '55', '56')
    after = fork.load(self.root).digests[path.name]
    self.edit(self.official, 'upstream.lock', before, after)
    with self.assertRaisesRegex(ValueError, 'do not make the files'):
      fork.packages(self.root)
    self.assertEmpty(list((self.scratch / 'cache/mirror').glob('folder-*[!k]')))

  def test_what_the_source_no_longer_has(self):
    shutil.rmtree(self.scratch / 'cache')
    self.edit(self.upstream, 'official/core.py', 'line_0', 'line_zero')
    with self.assertRaisesRegex(
        ValueError, 'modified official/core.py.: the source changed'
    ):
      fork.packages(self.root)
    (self.upstream / 'official/core.py').unlink()
    with self.assertRaisesRegex(ValueError, 'no longer has official/core.py'):
      fork.packages(self.root)

  def test_make_prints_what_bazel_reads(self):
    out = io.StringIO()
    packages = {'official': 'a', 'orbit': 'b'}
    with absltest.mock.patch.object(fork, 'packages', lambda: packages):
      with contextlib.redirect_stdout(out):
        fork.main([])
    self.assertEqual(out.getvalue(), 'official=a\norbit=b\n')


if __name__ == '__main__':
  absltest.main()
