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

"""Tests what a convergence test stands on, in a small project."""

import ast
import pathlib
from unittest import mock

from absl.testing import absltest
from absl.testing import parameterized

from tfmot_contrib import errors
from tools.evidence import inputs
from tools.evidence import project_testing
from tools.mirror import fork
from tools.mirror import tree

_VERSIONS = {'tensorflow': project_testing.TENSORFLOW, 'tfmot': '0.8.1'}


class DigestTest(parameterized.TestCase):

  def setUp(self):
    super().setUp()
    self.root = pathlib.Path(self.create_tempdir().full_path)
    project_testing.project(self.root)

  def digest(self, **changes):
    return inputs.digest(
        self.root, 'net', project_testing.TEST, {**_VERSIONS, **changes}
    )

  @parameterized.parameters(
      'net/experiments.py',
      'net/code.py',
      'shared.py',
      'late.py',  # Imported in a function.
      'baselines/recipes.py',  # Of the float control.
      'convergence/run.py',
      'convergence/measure.py',
      'net/configs/half.yaml',
      '../tools/env/locks/tfmot-0.8.1.txt',
      '../tools/env/locks/tensorflow-2.20.0.txt',
  )
  def test_depends_on(self, name):
    before = self.digest()
    more = {'.yaml': 'more: 1\n', '.txt': 'numpy==3\n'}
    path = self.root / 'tfmot_contrib' / name
    with open(path, 'a', encoding='utf-8') as stream:
      stream.write(more.get(path.suffix, 'x = 1\n'))
    self.assertNotEqual(self.digest(), before)

  def test_what_a_reader_alone_sees_is_no_input(self):
    before = self.digest()
    for name in ('net/code.py', 'convergence/run.py', 'net/configs/half.yaml'):
      path = self.root / 'tfmot_contrib' / name
      text = path.read_text(encoding='utf-8')
      docstring = '"""Says it."""\n' * (path.suffix == '.py')
      path.write_text(f'# Why.\n{docstring}\n{text}\n# End.\n')
    self.assertEqual(self.digest(), before)

  @parameterized.parameters(
      ('f(2)', 'f( 2 )  # It is two.', True),
      ('def f():\n  return 2', 'def f():\n  "Two."\n  return 2', True),
      ('b = "x"', "b = 'x'", True),
      ('b = f"{x!r:>4}"', "b = f'{x!r:>4}'", True),
      ('b = 8', 'b = 16', False),
      ('b = 8', 'b = 8.0', False),
      ('b = 1', 'b = True', False),
      ('b = "None"', 'b = None', False),
      ('f(a)', 'f(*a)', False),
      ('def f():\n  "Two."', 'def f():\n  "Two."\n  "Three."', False),
  )
  def test_code(self, one, other, same):
    codes = [inputs.code_of(ast.parse(text)) for text in (one, other)]
    self.assertEqual(codes[0] == codes[1], same)

  def test_code_is_the_same_on_every_python(self):
    text = 'def f(a: int = 1, *b, c=None, **d) -> str:\n  return f"{a}{b}"\n'
    digest = inputs.digest_of(inputs.code_of(ast.parse(text)))
    self.assertEqual(digest[:16], 'ab848aa89346f9f5')

  @parameterized.parameters(
      'net/aside.py',
      'net/configs/smoke.yaml',
      'net/README.md',
      'other/code.py',
      'convergence/verdict.py',
      'convergence/turns.py',
      'errors.py',
      f'net/references/cpu_avx2/{project_testing.TEST}.json',
      '../tools/env/locks/tfmot-0.8.0.txt',
  )
  def test_does_not_depend_on(self, name):
    before = self.digest()
    path = self.root / 'tfmot_contrib' / name
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, 'a', encoding='utf-8') as stream:
      stream.write('more\n')
    self.assertEqual(self.digest(), before)

  def test_a_package_that_does_not_compute_is_no_input(self):
    before = self.digest()
    lock = f'tools/env/locks/tensorflow-{project_testing.TENSORFLOW}.txt'
    with open(self.root / lock, 'a', encoding='utf-8') as stream:
      stream.write('tqdm==4.99 \\\n    --hash=sha256:0\n')
    self.assertEqual(self.digest(), before)

  @parameterized.parameters(
      ('net/BUILD', 'model + "_net"', 'model + "_other"'),
      ('net/BUILD', 'control = "//tfmot_contrib/baselines:net_control",', ''),
      ('baselines/BUILD', '"net_short"', '"net_long"'),
  )
  def test_depends_on_the_declaration(self, name, old, new):
    before = self.digest()
    path = self.root / 'tfmot_contrib' / name
    text = path.read_text(encoding='utf-8')
    self.assertIn(old, text)
    path.write_text(text.replace(old, new), encoding='utf-8')
    self.assertNotEqual(self.digest(), before)

  def test_versions(self):
    digests = [self.digest(tfmot=v) for v in ('0.8.1', '0.8.0', 'head', 'top')]
    self.assertLen(set(digests), 4)

  @parameterized.parameters(
      ('net/BUILD', None, 'cannot read .*BUILD.*restore it with git'),
      ('net/BUILD', 'convergence_test(', 'cannot read .*BUILD: '),
      ('net/BUILD', '', 'declares no convergence_test .*: it has none'),
      ('net/code.py', 'def', 'code.py is no Python'),
      ('net/configs/half.yaml', 'a: [', 'half.yaml is no YAML'),
      ('net/configs/half.yaml', None, 'cannot read .*half.yaml'),
  )
  def test_broken(self, name, text, message):
    path = self.root / 'tfmot_contrib' / name
    path.unlink()
    if text is not None:
      path.write_text(text, encoding='utf-8')
    with self.assertRaisesRegex(errors.InputError, message):
      self.digest()

  @parameterized.parameters(None, 'no toml', 'digests = 1', '[digests]\n')
  def test_broken_lock_of_the_mirror(self, text):
    path = self.root / 'official/upstream.lock'
    self.assertEqual(inputs.mirror(self.root), 'c' * 64)
    path.unlink()
    if text is not None:
      path.write_text(text, encoding='utf-8')
    with self.assertRaisesRegex(errors.InputError, 'restore it with git'):
      inputs.mirror(self.root)

  def test_edited(self):
    name = 'official/vision/mine.py'
    place = self.root / fork.REPOSITORY
    files = {fork.BAZELRC: '', name: 'x = 1\n'}
    project_testing.put(place, files)
    same = tree.stamp(tree.read_entry(place / name))
    for stamps, message in (
        ({}, f'extra    {name}'),
        ({name: '0'}, f'modified {name}'),
        ({name: same}, ''),
    ):
      lock = mock.Mock(patched=stamps)
      locked = fork.Fork(self.root, mock.Mock(), lock, [])
      with mock.patch.object(fork, 'load', return_value=locked):
        if message:
          with self.assertRaisesRegex(errors.InputError, message):
            inputs.mirror(self.root)
        else:
          self.assertEqual(inputs.mirror(self.root), 'c' * 64)


if __name__ == '__main__':
  absltest.main()
