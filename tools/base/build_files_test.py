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

"""Tests what is read of BUILD files."""

import pathlib

from absl.testing import absltest
from absl.testing import parameterized

from tfmot_contrib import errors
from tools.base import build_files

_BUILD = """\
load("//tools:rules.bzl", "py_library")

package(default_visibility = ["//visibility:public"])

_ROWS = ["a", "b"]

py_library(
    name = "all",
    srcs = glob(["*.py"], exclude = ["*_test.py"]),
    deps = select({"x": 1}) + [":%s" % row for row in _ROWS],
)

[
    py_library(
        name = "%s_%d" % (row, i),
        kind = "first" if row == "a" else None,
    )
    for i, row in enumerate(_ROWS)
]
"""


class BuildFilesTest(parameterized.TestCase):

  def setUp(self):
    super().setUp()
    self.root = pathlib.Path(self.create_tempdir().full_path)
    (self.root / 'a/b').mkdir(parents=True)

  def put(self, text: str) -> None:
    """Writes the BUILD file."""
    (self.root / 'a/b/BUILD').write_text(text, encoding='utf-8')

  def test_loads_lists(self):
    root = pathlib.Path(self.create_tempdir().full_path)
    (root / 'a').mkdir()
    (root / 'a/names.bzl').write_text('X = ["b"]\nALL = ["a"] + X\n')
    (root / 'a/BUILD').write_text(
        'load("//a:names.bzl", "ALL", "some_rule")\n'
        '[some_rule(name = n, deps = ["//%s" % n]) for n in ALL]\n'
    )
    found = build_files.rules(root, 'a')
    self.assertEqual([rule.name for rule in found], ['a', 'b'])
    self.assertEqual(found[1].attributes['deps'], ['//b'])
    (root / 'a/names.bzl').unlink()
    with self.assertRaisesRegex(errors.InputError, 'cannot read'):
      build_files.rules(root, 'a')

  def test_rules(self):
    self.put(_BUILD)
    for name in ('x.py', 'x_test.py', 'y.txt'):
      (self.root / 'a/b' / name).touch()
    found = build_files.rules(self.root, 'a/b')
    self.assertEqual([r.kind for r in found[:1]], ['package'])
    libraries = {r.label: r for r in found if r.kind == 'py_library'}
    self.assertEqual([*libraries], ['//a/b:all', '//a/b:a_0', '//a/b:b_1'])
    whole = libraries['//a/b:all']
    self.assertEqual(whole.line, 7)
    self.assertEqual(whole.attributes['srcs'], ['x.py'])
    self.assertEqual(whole.attributes['deps'], [':a', ':b'])
    self.assertEqual(libraries['//a/b:a_0'].attributes['kind'], 'first')

  @parameterized.parameters(
      ('f(', 'cannot read .*BUILD: '),
      ('x = 1 // 0', 'BUILD: integer division'),
      ('open("x")', None),
      ('x = __import__', 'BUILD: name .__import__. is not defined'),
  )
  def test_broken(self, text, message):
    self.put(text)
    if message is None:  # What it calls does nothing.
      self.assertLen(build_files.rules(self.root, 'a/b'), 1)
      return
    with self.assertRaisesRegex(errors.InputError, message):
      build_files.rules(self.root, 'a/b')

  def test_none(self):
    with self.assertRaisesRegex(errors.InputError, 'restore it with git'):
      build_files.rules(self.root, 'a')

  def test_packages(self):
    self.put('')
    self.assertEqual([*build_files.packages(self.root, 'a')], ['a/b'])

  @parameterized.parameters(
      (':x', '//a/b:x'),
      ('x.py', '//a/b:x.py'),
      ('//c/d', '//c/d:d'),
      ('//c:d', '//c:d'),
      ('@e//:f', '@e//:f'),
  )
  def test_absolute(self, label, expected):
    self.assertEqual(build_files.absolute('a/b', label), expected)


if __name__ == '__main__':
  absltest.main()
