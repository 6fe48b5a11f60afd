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

"""Tests of stale evidence, on small repositories."""

from absl.testing import absltest
from absl.testing import parameterized

from tools.sync.impact import build_files
from tools.sync.impact import files
from tools.sync.impact import fixture
from tools.sync.impact import stale

_BASELINE = '//tfmot_contrib/baselines:resnet'
_PRUNED = '//tfmot_contrib/pruning:resnet_50'
_CLUSTERED = '//tfmot_contrib/clustering:resnet_16'

_REPOSITORY = {
    'tfmot_contrib/baselines/BUILD': (
        """\
        convergence_test(
            name = "resnet",
            experiment = "resnet",
            module = "tfmot_contrib.baselines.experiments",
        )
        """
    ),
    'tfmot_contrib/baselines/experiments.py': (
        """\
        from official.core import config
        """
    ),
    'tfmot_contrib/pruning/BUILD': (
        """\
        [
            convergence_test(
                name = "resnet_%d" % percent,
                baseline = "//tfmot_contrib/baselines:resnet",
                experiment = "resnet_pruning",
                module = "tfmot_contrib.pruning.experiments",
            )
            for percent in (50, 50)
        ]
        """
    ),
    'tfmot_contrib/pruning/experiments.py': (
        """\
        def f():
          if True:
            try:
              import nothing_of_that_name
            except ImportError:
              pass
            else:
              from official.prune import schedule
        """
    ),
    'tfmot_contrib/pruning/__init__.py': (
        'from official.prune import of_our_package\n'
    ),
    'tfmot_contrib/clustering/BUILD': (
        """\
        convergence_test(
            name = "resnet_16",
            experiment = "resnet_clustering",
            module = "tfmot_contrib.clustering.experiments",
        )
        """
    ),
    'tfmot_contrib/clustering/experiments.py': (
        """\
        import orbit.utils.loops as loops
        """
    ),
    'tfmot_contrib/convergence/run.py': (
        """\
        import tensorflow as tf
        from official.core import trainer
        """
    ),
    'tfmot_contrib/registry_imports.py': (
        """\
        from official.all import everything
        """
    ),
}
_MIRROR = {
    'official/core/config.py': 'from official.core.sub import inner\n',
    'official/core/sub/__init__.py': 'from . import helper\n',
    'official/core/sub/inner.py': '',
    'official/core/sub/helper.py': '',
    'official/core/trainer.py': 'import yaml, os.path\n',
    'official/core/unused.py': '',
    'official/prune/schedule.py': '',
    'official/prune/of_our_package.py': '',
    'official/all/everything.py': '',
    'orbit/utils/loops.py': '',
}


class StaleTest(fixture.TreeTestCase):

  def closures(self, changes, old=None):
    root = self.tree(_REPOSITORY)
    mirrors = [self.tree(_MIRROR, old or {}), self.tree(_MIRROR, changes)]
    found = files.compare(*mirrors)
    rules = build_files.read(root, ['tfmot_contrib'])
    return stale.Closures(*mirrors, root, found, rules)

  def stale(self, changes, old=None):
    return {s.target: s.causes for s in self.closures(changes, old).stale()}

  @parameterized.named_parameters(
      ('file_of_one_technique', 'official/prune/schedule.py', [_PRUNED]),
      ('file_of_its_package', 'official/prune/of_our_package.py', [_PRUNED]),
      ('file_of_another', 'orbit/utils/loops.py', [_CLUSTERED]),
      ('package_on_the_way', 'orbit/utils/__init__.py', [_CLUSTERED]),
      (
          'file_of_the_run',
          'official/core/trainer.py',
          [_BASELINE, _CLUSTERED, _PRUNED],
      ),
      # The pruned run starts from the checkpoint of the float one.
      (
          'file_of_the_baseline',
          'official/core/config.py',
          [_BASELINE, _PRUNED],
      ),
      (
          'import_of_an_import',
          'official/core/sub/inner.py',
          [_BASELINE, _PRUNED],
      ),
      (
          'relative_import',
          'official/core/sub/helper.py',
          [_BASELINE, _PRUNED],
      ),
      ('file_that_nobody_imports', 'official/core/unused.py', []),
      ('file_of_the_registry_alone', 'official/all/everything.py', []),
  )
  def test_cause(self, name, targets):
    changed = self.stale({name: _MIRROR.get(name, '') + 'x = 1\n'})
    self.assertEqual(sorted(changed), sorted(targets))
    self.assertTrue(all(causes == (name,) for causes in changed.values()))

  def test_comment_makes_nothing_stale(self):
    changed = {name: f'# 2025\n{text}' for name, text in _MIRROR.items()}
    self.assertEqual(self.stale(changed), {})

  def test_removed_file_is_a_cause(self):
    old = {
        'official/prune/schedule.py': 'from official.core import gone\n',
        'official/core/gone.py': '',
    }
    self.assertEqual(
        self.stale({}, old),
        {_PRUNED: ('official/core/gone.py', 'official/prune/schedule.py')},
    )

  def test_added_file_is_a_cause(self):
    new = {
        'official/prune/__init__.py': 'from official.core import fresh\n',
        'official/core/fresh.py': '',
    }
    self.assertEqual(
        self.stale(new),
        {_PRUNED: ('official/core/fresh.py', 'official/prune/__init__.py')},
    )

  def test_test_that_build_does_not_tell(self):
    repository = _REPOSITORY | {
        'tfmot_contrib/clustering/BUILD': 'convergence_test(name = names())'
    }
    root = self.tree(repository)
    rules = build_files.read(root, ['tfmot_contrib'])
    one, other = self.tree(_MIRROR), self.tree({'official/x.py': ''}, _MIRROR)
    changes = files.compare(one, other)
    found = stale.Closures(one, other, root, changes, rules).stale()
    self.assertEqual(found, [stale.Stale('//tfmot_contrib/clustering:all', ())])
    same = files.compare(one, one)
    self.assertEqual(stale.Closures(one, one, root, same, rules).stale(), [])

  def test_packages_of_files_in_use(self):
    new = {
        'official/prune/schedule.py': 'import wrapt\n',
        'official/core/unused.py': 'import unused_package\n',
    }
    old, new = self.closures(new).packages()
    self.assertEqual(new.pop('wrapt'), 'official/prune/schedule.py')
    self.assertEqual(
        old,
        {'yaml': 'official/core/trainer.py', 'os': 'official/core/trainer.py'},
    )
    self.assertEqual(old, new)

  def test_experiments_of_the_probe(self):
    runs = self.closures({}).runs
    self.assertLen(runs, 3)
    self.assertEqual(
        [(run.experiment, run.baseline) for run in runs],
        [
            ('resnet', ''),
            ('resnet_clustering', ''),
            ('resnet_pruning', _BASELINE),
        ],
    )


if __name__ == '__main__':
  absltest.main()
