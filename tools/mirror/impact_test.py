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

"""Tests what a new upstream means for the fork."""

import textwrap

from absl.testing import absltest
from absl.testing import parameterized

from tools.mirror import impact
from tools.mirror import testing
from tools.mirror import tree

_TASK = 'official/core/task.py'
_CONFIG = 'official/core/config.py'
_MIRROR = {
    'official/__init__.py': '',
    'official/core/__init__.py': '',
    _TASK: (
        """\
        from official.core import base

        class Task(base.Base):
          def train(self, inputs, model=None): ...

        def make(name, *, folder=''): ...
        def unused(x): ...
        """
    ),
    'official/core/base.py': 'class Base:\n  pass\n',
    _CONFIG: (
        """\
        import dataclasses

        @dataclasses.dataclass
        class Config:
          rate: float = 0.1
        """
    ),
    'official/core/other.py': 'x = 1\n',
}
_OURS = {
    'tfmot_contrib/x/ours.py': (
        """\
        from official.core import config as configs
        from official.core import task
        from official.core.task import make

        class Ours(task.Task):
          pass

        RATE = configs.Config().rate
        MADE = make('x', folder='y')
        """
    ),
    'tfmot_contrib/x/BUILD': (
        """\
        [
            convergence_test(
                name = name,
                baseline = "//tfmot_contrib/y:base",
                module = "tfmot_contrib.x.ours",
            )
            for name in ("one", "two")
        ]
        """
    ),
    'tfmot_contrib/y/BUILD': (
        """\
        convergence_test(name = "base", module = "tfmot_contrib.y.base")
        convergence_test(
            name = "next",
            baseline = ":base",
            module = "tfmot_contrib.y.next",
        )
        """
    ),
    'tfmot_contrib/y/base.py': 'import official.core.other\n',
    'tfmot_contrib/y/next.py': '',
    'tfmot_contrib/convergence/run.py': '',
}


def _tree(files):
  return {
      name: tree.Entry(tree.FILE, textwrap.dedent(text).encode())
      for name, text in files.items()
  }


class ImpactTest(testing.ForkTestCase):

  def setUp(self):
    super().setUp()
    testing.write(self.root, {n: textwrap.dedent(t) for n, t in _OURS.items()})

  def breakages(self, name, old, new):
    """Returns what breaks when a text of the mirror changes."""
    text = _MIRROR[name]
    self.assertIn(old, text)
    return self.compare({**_MIRROR, name: text.replace(old, new)})

  def compare(self, after):
    """Returns what breaks when the mirror becomes another one."""
    mirrors = (self.scratch / 'old', self.scratch / 'new')
    for folder, files in zip(mirrors, (_MIRROR, after), strict=True):
      texts = {name: textwrap.dedent(text) for name, text in files.items()}
      testing.write(folder, texts)
    return impact.breakages(self.root, mirrors, ['official'])

  @parameterized.parameters(
      (_TASK, 'def make(', 'def made(', 'official.core.task.make', 3),
      (_TASK, ", *, folder=''", '', 'official.core.task.make', 3),
      (
          _TASK,
          'inputs, model',
          'inputs, net',
          'official.core.task.Task.train',
          5,
      ),
      (_CONFIG, 'rate: float', 'ratio: float', '.*Config.rate', 8),
      (_CONFIG, 'class Config', 'class Other', '.*Config', 8),
  )
  def test_what_we_use_breaks(self, name, old, new, symbol, line):
    found = self.breakages(name, old, new)
    self.assertNotEmpty(found)
    path, _, places = found[0]
    self.assertRegex(path, f'^{symbol}$')
    self.assertIn(f'tfmot_contrib/x/ours.py:{line}', places)

  @parameterized.parameters(
      (_TASK, 'unused(x)', 'gone(y)'),
      (_TASK, 'make(name,', 'make(name, more=None,'),
      ('official/core/other.py', 'x = 1', 'y = 1'),
  )
  def test_what_we_do_not_use(self, name, old, new):
    self.assertEqual(self.breakages(name, old, new), [])

  def test_module_that_is_gone(self):
    after = {n: t for n, t in _MIRROR.items() if n != _CONFIG}
    found = self.compare(after)
    self.assertEqual(
        found[0][:2],
        ('official.core.config', 'official.core.config was removed'),
    )

  @parameterized.parameters(
      ('x = 1\n', '# New year.\nx = 1\n', 'trivial'),
      ('"""Doc."""\nx = 1\n', '"""Other."""\n\nx = (1)\n', 'trivial'),
      ('x = 1\n', 'x = 2\n', 'changed'),
      ('x = 1\n', 'x = (\n', 'changed'),
  )
  def test_files(self, old, new, kind):
    sides = [
        _tree({'a.py': t, 'b.txt': t, side: ''})
        for side, t in (('old', old), ('new', new))
    ]
    changes, trivial = impact.compare(*sides)
    self.assertEqual('a.py' in trivial, kind == 'trivial')
    changes.pop('a.py', None)
    self.assertEqual(changes, {'new': 'A', 'old': 'D', 'b.txt': 'M'})

  @parameterized.parameters(
      (
          'official/core/base.py',
          ['//tfmot_contrib/x:one', '//tfmot_contrib/x:two'],
      ),
      (
          'official/core/other.py',
          [
              '//tfmot_contrib/x:one',
              '//tfmot_contrib/x:two',
              '//tfmot_contrib/y:base',
              '//tfmot_contrib/y:next',
          ],
      ),
      ('official/core/none.py', []),
  )
  def test_stale_runs(self, changed, expected):
    mirror = self.scratch / 'mirror'
    testing.write(mirror, {n: textwrap.dedent(t) for n, t in _MIRROR.items()})
    found = impact.stale(self.root, [mirror], ['official'], {changed})
    self.assertEqual(found, expected)

  def test_requirements(self):
    metadata = (
        'Requires-Python: >=3.7\nRequires-Dist: numpy>=1.20\n'
        'Requires-Dist: tf_slim<2,>=1.1.0\n'
        'Requires-Dist: pytest>7; extra == "test"\n'
    )
    needs = impact.needs(metadata, {})
    self.assertEqual(
        needs, {'python': '>=3.7', 'numpy': '>=1.20', 'tf-slim': '<2,>=1.1.0'}
    )
    files = _tree({'official/requirements.txt': '# Of git.\n-r x\nnumpy<2 #\n'})
    self.assertEqual(impact.needs(None, files), {'numpy': '<2'})
    have = {'numpy': '2.1.0', 'python': '3.11.7'}
    self.assertEqual(
        impact.unmet(needs, {'numpy': '<2', 'six': 'any'}, have.get),
        [
            'numpy >=1.20 -> <2: NOT met, our lock has 2.1.0',
            'python >=3.7 -> -: no longer required',
            'six - -> any: not in our lock',
            'tf-slim <2,>=1.1.0 -> -: no longer required',
        ],
    )
    self.assertEqual(
        impact.unmet({'numpy': '>1'}, {'numpy': '>1'}, have.get), []
    )

  def test_licences(self):
    changes = ['official/LICENSE', 'a.py']
    wheels = ('License: Apache 2.0\n', 'License: MIT\n')
    self.assertEqual(
        impact.licences(changes, wheels),
        ['official/LICENSE', 'the wheel: Apache 2.0 -> MIT'],
    )
    self.assertEqual(impact.licences(['a.py'], wheels[:1]), [])

  def test_report_of_a_sync(self):
    testing.write(
        self.upstream, {n: textwrap.dedent(t) for n, t in _MIRROR.items()}
    )
    self.sync()
    self.patch('core: faster', 'official/core/config.py', '0.1', '0.5')
    self.edit(self.upstream, _TASK, 'def make(', 'def made(')
    said = self.sync('--dry-run')
    self.assertIn('| clean | 0001-core-faster.patch | core: faster |', said)
    self.assertIn('* M official/core/task.py', said)
    self.assertRegex(said, r'task.py:\d+: make: .*removed; used in tfmot_')
    self.assertIn('* //tfmot_contrib/x:one\n', said)
    self.assertNotIn('* //tfmot_contrib/y', said)
    text = (self.root / '.sync_upstream/report.md').read_text()
    self.assertIn(text, said)


if __name__ == '__main__':
  absltest.main()
