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

"""Tests that every experiment, config and technique fits together."""

import functools
import pathlib

from absl.testing import parameterized
import runfiles
import tensorflow as tf, tf_keras

from official.core import exp_factory
from official.core import train_utils
from tfmot_contrib import errors
from tfmot_contrib import experiment
from tfmot_contrib import registry_imports
from tfmot_contrib import technique
from tfmot_contrib import techniques
from tfmot_contrib.convergence import claims

_CONTRIB = pathlib.Path(__file__).parent
_FLOAT = tuple(registry_imports.baselines.MODELS)
_TECHNIQUES = techniques.names()


@functools.cache
def _kinds(folder: str) -> list[str]:
  """Returns the experiments of a technique without the model of their names.

  Args:
    folder: Of the technique, which also has the class of their configs. combine
      puts techniques together, so it may use those of all, its own first.

  Returns:
    Such as `pruning`.
  """
  found = []
  for name in exp_factory._REGISTERED_CONFIGS:
    model, _, kind = name.partition('_cifar10_')
    if kind and f'{model}_cifar10' == _FLOAT[0]:
      made = exp_factory.get_exp_config(name).task.technique
      home = type(made).__module__.split('.')[1]
      if home in _TECHNIQUES and folder in (home, 'combine'):
        found.append((home != folder, kind))
  return [kind for _, kind in sorted(found)]


def _parsed(experiment_name: str, file: pathlib.Path):
  """Returns what a config makes of an experiment; None if it does not fit."""
  try:
    return experiment.parse(
        train_utils.ParseConfigOptions(
            experiment=experiment_name, config_file=[str(file)]
        )
    )
  except errors.InputError:
    return None


class Unknown(technique.TechniqueConfig):
  """A config that no technique is registered for."""


class RegistryTest(tf.test.TestCase, parameterized.TestCase):

  def test_float_experiments_have_no_technique(self):
    self.assertIsNotNone(registry_imports.baselines)
    for name in _FLOAT:
      params = exp_factory.get_exp_config(name)
      self.assertIsNone(technique.create(params.task.technique))

  @parameterized.parameters(*_TECHNIQUES)
  def test_every_config_makes_a_technique(self, folder):
    files = sorted((_CONTRIB / folder / 'configs').glob('*.yaml'))
    self.assertGreaterEqual(len(files), 2, 'a row and smoke.yaml')
    for file in files:
      for model in _FLOAT:
        tried = (_parsed(f'{model}_{kind}', file) for kind in _kinds(folder))
        params = next(filter(None, tried), None)
        self.assertIsNotNone(params, file)
        made = technique.create(params.task.technique)
        self.assertIsInstance(made, technique.Technique)
        steps = params.trainer.train_steps
        self.assertLessEqual(steps, 390, 'at most five minutes on two cores')
        if folder == 'pruning':
          self.assertLess(params.task.technique.end_step, steps)

  @parameterized.parameters(*_FLOAT)
  def test_a_control_trains_as_the_technique_does(self, model):
    for kind in _kinds('combine'):  # Those of all.
      params = exp_factory.get_exp_config(f'{model}_{kind}')
      if not params.trainer.train_steps:
        continue
      controls = []
      for recipe in registry_imports.recipes.RECIPES:
        control = exp_factory.get_exp_config(f'{model}_control_{recipe}')
        self.assertIsNone(technique.create(control.task.technique))
        control.task.technique = params.task.technique
        if control.as_dict() == params.as_dict():
          controls.append(recipe)
      self.assertLen(controls, 1)

  def test_every_folder_is_registered(self):
    for folder in _TECHNIQUES:
      self.assertNotEmpty(_kinds(folder), folder)

  def test_every_claim_has_a_test_and_every_test_claims(self):
    listed = runfiles.Create().Rlocation('tfmot_models/tfmot_contrib/targets')
    targets = pathlib.Path(listed).read_text(encoding='utf-8').split()
    for path in _CONTRIB.glob('*/technique.yaml'):
      folder = path.parent.name
      claimed = set(claims.read_technique(str(path))['claims'])
      tested = {
          target.split(':')[1]
          for target in targets
          if target.startswith(f'//tfmot_contrib/{folder}:')
      }
      # Beside them are the unit tests, which end so, and the smoke tests.
      rows = {name for name in tested if not name.endswith(('_test', '_smoke'))}
      self.assertEqual(rows, claimed)

  def test_unregistered_technique(self):
    with self.assertRaisesRegex(errors.InputError, 'for Unknown: .*imported'):
      technique.create(Unknown())

  def test_learning_rate_is_one_cycle(self):
    for name in _FLOAT:
      trainer = exp_factory.get_exp_config(name).trainer
      optimizer = registry_imports.baselines.optimization.OptimizerFactory(
          trainer.optimizer_config
      )
      rate = optimizer.build_learning_rate()
      self.assertIsInstance(
          rate, tf_keras.optimizers.schedules.LearningRateSchedule
      )
      steps = trainer.train_steps
      rates = [float(rate(s)) for s in range(0, steps + 1, steps // 20)]
      self.assertEqual(rates[0], 0)
      self.assertEqual(max(rates), rates[5])
      self.assertEqual(rates[:6], sorted(rates[:6]))
      self.assertEqual(rates[5:], sorted(rates[5:], reverse=True))
      self.assertAllClose(rates[-1], 0, atol=1e-6)


if __name__ == '__main__':
  tf.test.main()
