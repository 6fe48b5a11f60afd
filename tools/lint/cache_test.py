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

"""Tests that results are kept, and that a broken file is no obstacle."""

import pathlib

from absl.testing import absltest

from tools.lint import cache


class CacheTest(absltest.TestCase):

  def setUp(self):
    super().setUp()
    folder = pathlib.Path(self.create_tempdir().full_path)
    self.path = folder / 'lint/results.json'

  def test_what_is_saved_is_found(self):
    first = cache.Cache(self.path)
    self.assertIsNone(first.get('a'))
    first.put('a', [['x.py', 1, 'rule', 'message']])
    first.put('b', [])
    first.save()
    second = cache.Cache(self.path)
    self.assertEqual(second.get('a'), [['x.py', 1, 'rule', 'message']])
    self.assertEqual(second.get('b'), [])

  def test_nothing_new_writes_nothing(self):
    cache.Cache(self.path).save()
    self.assertFalse(self.path.exists())

  def test_a_broken_file_counts_as_empty(self):
    for text in ('{"a": [', '[]', ''):
      self.path.parent.mkdir(exist_ok=True)
      self.path.write_text(text, encoding='utf-8')
      broken = cache.Cache(self.path)
      self.assertIsNone(broken.get('a'))
      broken.put('a', [])
      broken.save()
      self.assertEqual(cache.Cache(self.path).get('a'), [])
      self.assertLen(list(self.path.parent.iterdir()), 1)

  def test_what_another_process_wrote_is_kept(self):
    first, second = cache.Cache(self.path), cache.Cache(self.path)
    first.put('a', [])
    first.save()
    second.put('b', [])
    second.save()
    third = cache.Cache(self.path)
    self.assertEqual((third.get('a'), third.get('b')), ([], []))

  def test_keys_tell_parts_apart(self):
    self.assertNotEqual(cache.key('a', 'bc'), cache.key('ab', 'c'))
    self.assertEqual(cache.key('a', 'bc'), cache.key('a', 'bc'))


if __name__ == '__main__':
  absltest.main()
