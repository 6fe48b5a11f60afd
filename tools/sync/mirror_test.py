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

"""Tests the mirror on small wheels with real archives and real git."""

import hashlib
import pathlib
import shutil
import stat
import subprocess
import sys
import zipfile

from absl.testing import absltest
from absl.testing import parameterized

from tfmot_contrib import errors
from tools.sync import mirror

_PATCH = """\
Subject: one becomes two

---
--- a/official/core.py
+++ b/official/core.py
@@ -1 +1 @@
-ONE = 1
+ONE = 2
"""


class MirrorTest(parameterized.TestCase):

  def setUp(self):
    super().setUp()
    self.root = pathlib.Path(self.create_tempdir().full_path)
    self.official = self.root / 'official'
    (self.official / 'patches').mkdir(parents=True)
    (self.official / 'upstream.toml').write_text(
        '[source]\npypi = "models"\nversion = "1.0"\n'
        '[files]\ninclude = ["official", "orbit"]\n'
    )
    self.lock = self.official / 'upstream.lock'
    self.lock.write_text('version = "0.9"\n')
    self.patch = self.official / 'patches/0001-two.patch'
    self.patch.write_text(_PATCH)
    self.wheel = self.root / 'models-1.0-py3-none-any.whl'
    self.write_wheel({})
    self.enter_context(
        absltest.mock.patch.dict(
            'os.environ', {'TFMOT_MODELS_CACHE': str(self.root / 'cache')}
        )
    )

  def write_wheel(self, extra):
    members = {
        'official/core.py': 'ONE = 1\n',
        'orbit/loop.py': 'LOOP = 1\n',
        'models-1.0.dist-info/METADATA': 'Name: models\n',
        **extra,
    }
    with zipfile.ZipFile(self.wheel, 'w') as archive:
      for name, text in members.items():
        archive.writestr(name, text)

  def make(self, **options):
    def fetch(source, folder):
      self.assertEqual(source['version'], '1.0')
      return pathlib.Path(shutil.copy(self.wheel, folder))

    return mirror.make(self.official, fetch=fetch, **options)

  def made(self):
    return list((self.root / 'cache').glob('mirror/*/official'))

  def assert_refused(self, message, **options):
    with self.assertRaisesRegex(errors.InputError, message):
      self.make(**options)
    self.assertEmpty(self.made())

  def test_pinned_and_patched(self):
    folder = self.make(write_lock=True)
    self.assertEqual((folder / 'official/core.py').read_text(), 'ONE = 2\n')
    self.assertCountEqual(
        [p.name for p in folder.iterdir()], ['official', 'orbit']
    )
    lock = self.lock.read_text()
    sha = hashlib.sha256(self.wheel.read_bytes()).hexdigest()
    self.assertIn(f'sha256 = "{sha}"', lock)
    self.assertEqual(self.make(), folder)
    self.assertEqual(self.lock.read_text(), lock)

  def test_pin_and_lock_differ(self):
    self.assert_refused('upstream.toml pins 1.0 but upstream.lock is of 0.9')

  def test_corrupted_wheel(self):
    self.make(write_lock=True)
    shutil.rmtree(self.root / 'cache')
    data = bytearray(self.wheel.read_bytes())
    data[40] ^= 1
    self.wheel.write_bytes(data)
    self.assert_refused('models-1.0-py3-none-any.whl has sha256')
    self.wheel.write_bytes(data[:100])
    self.assert_refused('has sha256')
    self.assert_refused('is corrupt', write_lock=True)

  def test_changed_patch_needs_a_new_lock(self):
    self.make(write_lock=True)
    shutil.rmtree(self.root / 'cache')
    self.patch.write_text(_PATCH.replace('+ONE = 2', '+ONE = 3'))
    self.assert_refused('the patched tree has sha256 .* --lock')

  @parameterized.parameters(
      ('-ONE = 7', 'patch does not apply'),
      ('', 'corrupt patch'),
  )
  def test_patch_that_does_not_apply(self, line, message):
    self.patch.write_text(_PATCH.replace('-ONE = 1', line))
    self.assert_refused(
        f'applying 0001-two.patch failed.*{message}', write_lock=True
    )

  @parameterized.parameters('official/../../evil.py', '/official/evil.py')
  def test_member_that_leaves_the_tree(self, name):
    self.write_wheel({name: 'EVIL = 1\n'})
    self.assert_refused('leaves the tree', write_lock=True)

  def test_link(self):
    link = zipfile.ZipInfo('official/link.py')
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    self.write_wheel({link: '/etc/passwd'})
    self.assert_refused('is a link', write_lock=True)

  def test_missing_folder(self):
    (self.official / 'upstream.toml').write_text(
        '[source]\npypi = "models"\nversion = "1.0"\n'
        '[files]\ninclude = ["official", "gone"]\n'
    )
    self.assert_refused('has no folder gone', write_lock=True)

  def test_broken_toml(self):
    self.lock.write_text('version = ')
    self.assert_refused('cannot read .*upstream.lock')

  def test_no_space(self):
    (self.root / 'cache').write_text('a file where the cache should be')
    with self.assertRaisesRegex(errors.InputError, 'cannot write .*space'):
      self.make(write_lock=True)

  def test_real_patches_have_author_reason_and_link(self):
    patches = mirror.series()
    self.assertNotEmpty(patches)
    for number, patch in enumerate(patches, 1):
      text = patch.read_text(encoding='utf-8')
      self.assertStartsWith(patch.name, f'{number:04d}-')
      for field in ('From', 'Subject', 'Reason', 'Upstream'):
        self.assertRegex(text, rf'(?m)^{field}: \S')

  def test_command_line_error_is_one_line(self):
    done = subprocess.run(
        [sys.executable, '-m', 'tools.sync.mirror', '--to'],
        capture_output=True,
        text=True,
        check=False,
        cwd=mirror.bootstrap.ROOT,
    )
    self.assertEqual(done.returncode, 2)
    self.assertIn('unrecognized arguments: --to', done.stderr)


if __name__ == '__main__':
  absltest.main()
