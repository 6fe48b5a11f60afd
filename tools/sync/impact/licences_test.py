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

"""Tests of the comparison of licences."""

from absl.testing import absltest
from absl.testing import parameterized

from tools.sync.impact import files
from tools.sync.impact import fixture
from tools.sync.impact import licences

_APACHE = """\
# Copyright {year} {holder}. All Rights Reserved.
#
# Licensed under the Apache License, Version 2.0 (the "License");
# you may not use this file except in compliance with the License.
"""
_OURS = _APACHE.format(year=2024, holder='The TensorFlow Authors')
_MIT = """\
# Copyright (c) 2020-2021, Somebody Else
#
# Permission is hereby granted, free
# of charge, to any person obtaining a copy
"""


class HeaderTest(parameterized.TestCase):

  @parameterized.named_parameters(
      ('apache', _OURS, 'Apache-2.0', ('The TensorFlow Authors',)),
      ('mit', _MIT, 'MIT', ('Somebody Else',)),
      (
          'both',
          _OURS + _MIT,
          'Apache-2.0',
          ('Somebody Else', 'The TensorFlow Authors'),
      ),
      (
          'spdx',
          '// SPDX-License-Identifier: BSD-3-Clause\n',
          'BSD-3-Clause',
          (),
      ),
      ('none', '"""Copies what is right."""\nx = 1\n', 'no header', ()),
      (
          'sign',
          '/* Copyright © 2021 Jo Doe */',
          'no header',
          ('Jo Doe',),
      ),
  )
  def test_header(self, text, licence, holders):
    self.assertEqual(licences.header(text), (licence, holders))


class CompareTest(fixture.TreeTestCase):

  def compare(self, old, new, metadata=(None, None)):
    trees = [self.tree(old), self.tree(new)]
    return licences.compare(*trees, files.compare(*trees), metadata)

  def test_year_does_not_count(self):
    new = _OURS.replace('2024', '2025')
    found = self.compare({'official/a.py': _OURS}, {'official/a.py': new})
    self.assertEqual(found.counts, {'Apache-2.0': 1})
    self.assertEqual(found.holders, {'The TensorFlow Authors': 1})
    self.assertEqual((found.news, found.files, found.metadata), ((), (), None))

  def test_new_holder(self):
    other = _APACHE.format(year=2025, holder='Other Authors')
    found = self.compare(
        {'official/a.py': _OURS},
        {'official/a.py': _OURS, 'official/b.py': other},
    )
    self.assertEqual(found.news, (('Other Authors', 0, 1, ('official/b.py',)),))

  @parameterized.named_parameters(
      (
          'other_licence',
          _MIT.replace('Somebody Else', 'The TensorFlow Authors'),
          'MIT',
      ),
      ('no_header', 'x = 1\n', 'no header'),
  )
  def test_new_licence(self, text, licence):
    old = {'official/a.py': _OURS, 'official/b.py': _OURS}
    found = self.compare(old, old | {'official/b.py': text})
    self.assertEqual(found.news, ((licence, 0, 1, ('official/b.py',)),))
    # What was so before is no news.
    self.assertEqual(
        self.compare(
            old | {'official/b.py': text}, old | {'official/b.py': f'{text}\n'}
        ).news,
        (),
    )

  def test_licence_file_and_declaration(self):
    found = self.compare(
        {'official/a.py': _OURS, 'official/LICENSE': 'one'},
        {'official/a.py': _OURS, 'official/LICENSE': 'other'},
        ('License: Apache 2.0\n', 'License-Expression: MIT\nLicense: x\n'),
    )
    self.assertEqual(found.files, ('official/LICENSE',))
    self.assertEqual(found.metadata, ('Apache 2.0', 'MIT'))

  def test_declaration_of_one_side_only(self):
    trees = {'official/a.py': _OURS}
    found = self.compare(trees, trees, (None, 'License: MIT\n'))
    self.assertIsNone(found.metadata)


if __name__ == '__main__':
  absltest.main()
