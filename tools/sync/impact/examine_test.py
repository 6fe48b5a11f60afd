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

"""Tests of all comparisons together, on a small repository."""

from absl.testing import absltest

from tools.sync.impact import examine
from tools.sync.impact import fixture
from tools.sync.impact import report as report_lib

_IDENTITIES = (
    report_lib.Identity('models', '1'),
    report_lib.Identity('models', '2'),
)
_HEAD = '# Copyright 2025 The Authors.\n'
_MIRROR = {
    'official/core/config.py': _HEAD + 'STEPS = 1\n',
    'official/core/other.py': _HEAD + 'x = 1\n',
    'orbit/loops.py': _HEAD,
}
_ROOT = {
    'tfmot_contrib/a/BUILD': (
        """\
        py_library(name = "experiments", srcs = ["experiments.py"])

        convergence_test(
            name = "resnet",
            experiment = "resnet",
            module = "tfmot_contrib.a.experiments",
        )
        """
    ),
    'tfmot_contrib/a/experiments.py': (
        """\
        from official.core import config
        STEPS = config.STEPS
        """
    ),
    'tfmot_contrib/convergence/run.py': 'import orbit.loops\n',
    'tools/x.py': '',
}


class ExamineTest(fixture.TreeTestCase):

  def examine(self, changes, **options):
    self.told = []
    return examine.examine(
        self.tree(_MIRROR),
        self.tree(_MIRROR, changes),
        self.tree(_ROOT),
        identities=_IDENTITIES,
        progress=self.told.append,
        **options,
    )

  def test_all_comparisons(self):
    found = self.examine(
        {
            'official/core/config.py': (
                _HEAD + 'import wrapt_of_2027\nSTEPS = 2'
            ),
            'official/core/other.py': _HEAD.replace('2025', '2026') + 'x = 1\n',
        },
        probe=False,
        patches=[('0001-a.patch', 'a', 'clean', '')],
        log=[('1' * 40, 'Jo', '2026-01-01', 'Fix #1')],
        metadata=('Requires-Dist: six\n', 'Requires-Dist: six>99\n'),
        repository='a/b',
    )
    self.assertEqual(found.files.changed, ('official/core/config.py',))
    self.assertEqual(found.files.trivial, ('official/core/other.py',))
    [change] = found.api
    self.assertEqual(change.symbol, 'official.core.config.STEPS')
    self.assertEqual(change.sites[0].target, '//tfmot_contrib/a:experiments')
    [test] = found.stale
    self.assertEqual(test.target, '//tfmot_contrib/a:resnet')
    self.assertEqual(found.runs, 1)
    self.assertEqual((found.probe, found.why_no_probe), (None, 'not asked for'))
    self.assertEqual(found.dependencies.changes[0].new, '>99')
    self.assertEqual(found.dependencies.imports[0].package, 'wrapt_of_2027')
    self.assertEqual(found.licences.holders, {'The Authors': 3})
    self.assertEqual(found.patches[0].verdict, 'clean')
    self.assertEqual(found.log[0].subject, 'Fix a/b#1')
    self.assertLen(self.told, 5)
    # All of it can be told.
    for text in (found.terminal(), found.markdown(), found.json()):
      self.assertIn('//tfmot_contrib/a:resnet', text)

  def test_year_alone_needs_no_probe(self):
    renewed = {k: v.replace('2025', '2026') for k, v in _MIRROR.items()}
    found = self.examine(renewed)
    self.assertEmpty(found.stale)
    self.assertIsNone(found.probe)
    self.assertStartsWith(found.why_no_probe, 'no file that a run imports')
    self.assertLen(found.files.trivial, 3)

  def test_probe_is_made_when_a_run_is_touched(self):
    new = {'official/core/config.py': 'STEPS = 2\n'}
    found = self.examine(new, python='/bin/false')
    [result] = found.probe
    self.assertEqual(result.experiment, 'resnet')
    self.assertEqual(result.new_error, 'ended with exit code 1')

  def test_first_sync(self):
    found = examine.examine(
        None,
        self.tree(_MIRROR),
        self.tree(_ROOT),
        identities=(None, _IDENTITIES[1]),
        metadata=(None, 'Requires-Dist: numpy<1\n'),
        progress=lambda text: None,
    )
    self.assertIsNone(found.files)
    self.assertEqual(found.dependencies.unmet[0].name, 'numpy')
    self.assertIn('the first sync', found.terminal())

  def test_requirements_of_the_tree(self):
    found = self.examine({'official/requirements.txt': 'six>99\n'}, probe=False)
    self.assertFalse(found.dependencies.known)
    self.assertEqual(found.dependencies.unmet[0].name, 'six')


if __name__ == '__main__':
  absltest.main()
