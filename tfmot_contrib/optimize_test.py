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

"""Tests optimize.py as people run it: real models, real runs, bad input."""

import contextlib
import io
import json
import os
import pathlib
import subprocess

from absl.testing import absltest
from absl.testing import flagsaver
import numpy as np
import runfiles
import tensorflow as tf, tf_keras
import yaml

from official.core import exp_factory
from official.core import task_factory
from tfmot_contrib import optimize
from tfmot_contrib import technique
from tfmot_contrib.baselines import experiments as baselines
from tfmot_contrib.data import cifar10_input
from tfmot_contrib.deployment import flatbuffer
from tfmot_contrib.modeling import flatten
from tfmot_contrib.modeling import saved

_TINY = {
    'backbone': {'cifar_resnet': {'model_id': 8, 'depth_multiplier': 0.125}}
}
_TINY_OVERRIDE = (
    'task.model.backbone.cifar_resnet.model_id=8,'
    'task.model.backbone.cifar_resnet.depth_multiplier=0.125'
)
_KERNELS = 11


def _official() -> tf_keras.Model:
  """Returns a small official classifier with weights that matter."""
  config = exp_factory.get_exp_config('resnet_cifar10').task
  config.override({'model': _TINY})
  model = task_factory.get_task(config).build_model()
  random = np.random.default_rng(0)
  for weight in model.weights:
    values = random.normal(size=weight.shape)
    if 'kernel' in weight.name:
      values /= np.sqrt(np.prod(weight.shape[:-1]))
    elif 'gamma' in weight.name or 'variance' in weight.name:
      values = 1 + 0.1 * values
    weight.assign(values)
  return model


def _net(size=32, classes=10, outputs=1, **options) -> tf_keras.Model:
  """Returns the smallest flat model."""
  inputs = tf_keras.Input([size, size, 3])
  x = tf_keras.layers.Conv2D(4, 3)(inputs)
  x = tf_keras.layers.GlobalAveragePooling2D()(x)
  dense = [tf_keras.layers.Dense(classes, **options)(x) for _ in range(outputs)]
  return tf_keras.Model(inputs, dense if outputs > 1 else dense[0])


class OptimizeTest(tf.test.TestCase):

  def setUp(self):
    super().setUp()
    found = runfiles.Create()
    self.program = found.Rlocation('tfmot_models/tfmot_contrib/optimize')
    self.data = os.path.dirname(
        found.Rlocation('cifar10/smoke/train_labels.npy')
    )
    self.root = pathlib.Path(self.create_tempdir().full_path)
    self.output = self.root / 'out'
    data = {'input_path': self.data}
    config = {'task': {'train_data': data, 'validation_data': data}}
    self.config = self.root / 'data.yaml'
    self.config.write_text(yaml.safe_dump(config), encoding='utf-8')

  def flags(self, row, model, **others):
    """Returns the flags of a run on a few images, by name."""
    contrib = pathlib.Path(optimize.__file__).parent
    smoke = contrib / row.split('/')[0] / 'configs/smoke.yaml'
    smoke = [str(smoke)] if smoke.exists() else []
    return {
        'technique': row,
        'model': str(model),
        'output_dir': str(self.output),
        'config_file': [*smoke, str(self.config)],
        **others,
    }

  def run_program(self, flags):
    """Returns the finished process."""
    command = [self.program]
    for name, value in flags.items():
      for one in value if isinstance(value, list) else [value]:
        command.append(f'--{name}={one}')
    return subprocess.run(command, capture_output=True, text=True, check=False)

  def run_here(self, flags):
    """Returns the exit code and what is printed to both streams."""
    out, err, code = io.StringIO(), io.StringIO(), 0
    with (
        flagsaver.flagsaver(**flags),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
      try:
        optimize.main(None)
      except SystemExit as end:
        code = end.code
    return code, out.getvalue(), err.getvalue()

  def assert_results(self, done, model, kinds):
    """Asserts a good end, and returns the report.

    Args:
      done: The process.
      model: What it was given.
      kinds: What it must have exported.

    Returns:
      What is in report.json.
    """
    self.assertEqual(done.returncode, 0, done.stderr[-2000:])
    self.assertEqual(
        sorted(path.name for path in self.output.iterdir()),
        sorted(
            ['model.keras', 'original.keras', 'original.tflite', 'train']
            + ['report.json', 'report.md', 'request.json']
            + [f'{kind}.tflite' for kind in kinds]
        ),
    )
    self.assertEqual(done.stdout, (self.output / 'report.md').read_text())
    for what in ('Loading', 'Training|Nothing', 'Exporting', 'Measuring'):
      self.assertRegex(done.stderr, rf'(?m)^({what}) ')
    report = json.loads((self.output / 'report.json').read_text())
    self.assertEqual(list(report['exported']), sorted(kinds))
    # The original is what was given, and its accuracy is that of Keras.
    examples = cifar10_input.load('test', self.data)
    images = cifar10_input.normalize(examples.images)
    logits = model(images, training=False)
    self.assertGreater(np.std(logits, axis=0).min(), 1e-2)
    interpreter = tf.lite.Interpreter(str(self.output / 'original.tflite'))
    run = interpreter.get_signature_runner()
    (name,) = run.get_input_details()
    for image, expected in zip(images[:8], logits[:8], strict=True):
      (actual,) = run(**{name: image[None]}).values()
      self.assertAllClose(actual[0], expected, atol=1e-4)
    right = np.argmax(logits, axis=1) == examples.labels
    self.assertAllClose(
        report['original']['accuracy'], 100 * np.mean(right), atol=0.5
    )
    self.assertEqual(report['images'], len(examples.labels))
    sizes = {
        kind: (self.output / f'{kind}.tflite').stat().st_size for kind in kinds
    }
    self.assertEqual(
        sizes, {k: v['bytes'] for k, v in report['exported'].items()}
    )
    return report

  def test_flat_model_after_training(self):
    model = flatten.flatten(_official(), dtype='float32')
    path = self.root / 'mine.keras'
    model.save(path)
    done = self.run_program(self.flags('post_training/int8', path))
    report = self.assert_results(done, model, ['int8'])
    self.assertEqual(report['exported']['int8']['integer_share'], 1)
    self.assertEqual(report['training']['steps'], 0)
    self.assertIn('| int8 | ', done.stdout)

  def kernels(self):
    """Returns the weights of each kernel of the float model."""
    tflite = (self.output / 'float.tflite').read_bytes()
    return [kernel.values for kernel in flatbuffer.kernels(tflite)]

  def zeros(self):
    """Returns the share of zeros in each of them."""
    return [np.mean(values == 0) for values in self.kernels()]

  def test_saved_model_is_pruned_and_goes_on(self):
    model = _official()
    path = self.root / 'mine'
    model.save(path)
    flags = self.flags('pruning/sparsity50', path)
    done = self.run_program(flags)
    report = self.assert_results(done, model, ['float', 'int8'])
    self.assertAllClose(self.zeros(), [0.5] * _KERNELS, atol=0.01)
    self.assertLen(report['invariants']['covered'], _KERNELS)
    self.assertEqual(report['invariants']['zeros_missing'], 0)
    self.assertIn('| float | ', done.stdout)
    self.assertIn(f'* Covered: {_KERNELS} layers: `', done.stdout)
    self.assertIn('* Left alone: 0 layers: none', done.stdout)
    with self.subTest('OnceMore'):
      code, out, err = self.run_here(flags)
      self.assertEqual((code, out), (0, done.stdout))
      self.assertNotIn('Measuring', err)
    with self.subTest('KilledBeforeItWasExported'):
      before = sorted(values.tobytes() for values in self.kernels())
      for name in ('float.tflite', 'int8.tflite', 'report.json', 'report.md'):
        (self.output / name).unlink()
      code, _, err = self.run_here(flags)
      self.assertEqual(code, 0, err[-2000:])
      # Not the order: it follows names, which Keras counts in a process.
      after = sorted(values.tobytes() for values in self.kernels())
      self.assertTrue(before == after, 'other weights')
    with self.subTest('AnotherRow'):
      code, _, err = self.run_here(self.flags('pruning/sparsity80', path))
      self.assertEqual(code, 2)
      self.assertIn('something else (another technique, params)', err)
    with self.subTest('AnotherStart'):
      pruned = saved.load(str(self.output / 'model.keras'))
      shares = [
          np.mean(layer.kernel.numpy() == 0)
          for layer in pruned.layers
          if hasattr(layer, 'kernel')
      ]
      self.assertAllClose(shares, [0.5] * _KERNELS, atol=0.01)

  def test_checkpoint_of_an_experiment(self):
    model = _official()
    prefix = tf.train.Checkpoint(model=model).save(self.root / 'train/ckpt')
    flags = self.flags(
        'pruning/sparsity80',
        self.root / 'train',
        experiment='resnet_cifar10',
        params_override=_TINY_OVERRIDE,
    )
    self.assert_results(self.run_program(flags), model, ['float', 'int8'])
    self.assertAllClose(self.zeros(), [0.8] * _KERNELS, atol=0.01)
    flags['experiment'] = 'mobilenet_v2_cifar10'
    self.output = self.root / 'other'
    self.assert_refused({**flags, 'model': prefix}, 'does not fit the model')
    del flags['experiment']
    self.assert_refused(flags, 'is a checkpoint: name the --experiment')

  def assert_refused(self, flags, *parts):
    """Asserts exit code 2, one line and no results."""
    code, out, err = self.run_here({**flags, 'output_dir': str(self.output)})
    self.assertEqual((code, out), (2, ''), err[-2000:])
    lines = [x for x in err.splitlines() if x.startswith('error: ')]
    self.assertLen(lines, 1)
    self.assertEqual(err.splitlines()[-1], lines[0])
    for part in parts:
      self.assertIn(part, lines[0])
    if self.output.is_dir():
      self.assertEmpty(list(self.output.iterdir()))

  def test_bad_input_is_one_line(self):
    flags = self.flags('pruning/sparsity81', self.root / 'no.keras')
    done = self.run_program(flags)
    self.assertEqual(done.returncode, 2, done.stderr[-2000:])
    self.assertNotIn('Traceback', done.stderr)
    self.assertRegex(
        done.stderr.splitlines()[-1],
        '^error: no technique pruning/sparsity81: .* pruning/sparsity80,',
    )
    self.assertEqual(done.stdout, '')

  def test_bad_model_is_one_line(self):
    flags = self.flags('pruning/sparsity50', self.root / 'model.keras')
    self.assert_refused(flags, 'no model at ', 'model.keras')
    self.assert_refused(
        {**flags, 'model': str(self.config)}, 'data.yaml is no Keras model'
    )
    for net, *parts in (
        (_net(size=28), '(28, 28, 3)', '(32, 32, 3)'),
        (_net(classes=100), '(100,)', '(10,)'),
        (_net(outputs=2), '2 outputs', 'one tensor of logits'),
        (_net(activation='softmax'), 'ends with softmax', 'logits'),
    ):
      net.save(flags['model'])
      self.assert_refused(flags, *parts)
    self.assert_refused(
        {**flags, 'model': str(self.root)}, 'is no model, but', 'model.keras'
    )
    bare = tf.Module()
    bare.serve = tf.function(
        tf.identity, input_signature=[tf.TensorSpec([1, 32, 32, 3])]
    )
    tf.saved_model.save(bare, str(self.root / 'bare'), bare.serve)
    self.assert_refused(
        {**flags, 'model': str(self.root / 'bare')}, 'without its Keras layers'
    )

  def test_model_of_any_size(self):
    path = str(self.root / 'any.keras')
    net = _net(size=None)
    net.save(path)
    model = optimize.load(path, None)
    self.assertEqual(model.input_shape, (None, 32, 32, 3))
    images = np.random.default_rng(0).normal(size=[2, 32, 32, 3])
    self.assertAllClose(model(images), net(images))

  def test_bad_recipe_is_one_line(self):
    path = self.root / 'mine.keras'
    _net().save(path)
    flags = self.flags('pruning/sparsity50', path)
    for name, *parts in (
        ('resnet_cifar100', 'no experiment resnet_cifar100'),
        ('resnet_imagenet', 'another task', 'resnet_cifar10'),
        ('resnet_cifar10_pruning', 'has a technique', 'model.keras'),
    ):
      self.assert_refused({**flags, 'experiment': name}, *parts)
    for override, part in (
        ('task.init_checkpoint=/tmp/x', '--model'),
        ('task.technique.sparsity=1', 'sparsity'),
        (f'task.train_data.input_path={self.root}', 'does not hold CIFAR-10'),
        ('task.technique.schedule=cubic', 'constant or polynomial'),
    ):
      self.assert_refused({**flags, 'params_override': override}, part)
    self.output = path
    self.assert_refused(flags, '--output_dir=', 'Not a directory')
    self.output /= 'below'
    self.assert_refused(flags, 'Not a directory')

  def test_paths_are_those_of_the_user(self):
    path = self.root / 'model.keras'
    _net(size=28).save(path)
    os.environ['BUILD_WORKING_DIRECTORY'] = str(self.root)
    self.addCleanup(os.environ.pop, 'BUILD_WORKING_DIRECTORY')
    flags = self.flags('pruning/sparsity50', 'model.keras')
    self.assert_refused(flags, str(path), '(28, 28, 3)')


class RowsTest(tf.test.TestCase):

  def test_every_row_has_a_recipe(self):
    rows = optimize.rows()
    folders = {row.split('/')[0] for row in rows}
    self.assertContainsSubset(
        {'clustering', 'combine', 'post_training', 'pruning', 'quantization'},
        folders,
    )
    for row in rows:
      for baseline in baselines.MODELS:
        with self.subTest(row, baseline=baseline):
          name, params = optimize.recipe(row, baseline, own_model=True)
          self.assertStartsWith(name, f'{baseline}_')
          made = technique.create(params.task.technique)
          self.assertIsInstance(made, technique.Technique)
          self.assertEqual(
              params.task.model.backbone.type,
              baselines.MODELS[baseline]().task.model.backbone.type,
          )

  def test_recipe_of_the_default_for_a_model_of_ones_own(self):
    name = 'optimize_test_float'
    exp_factory.register_config_factory(name)(baselines.mobilenet_v2_cifar10)
    found, params = optimize.recipe('pruning/sparsity80', name, own_model=True)
    self.assertEqual(found, 'resnet_cifar10_pruning')
    self.assertEqual(params.task.model.backbone.type, 'mobilenet')
    self.assertEqual(params.task.technique.final_sparsity, 0.8)


if __name__ == '__main__':
  absltest.main()
