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

r"""Optimizes a trained model of yours, and tells what it gains and costs.

The technique is a row of one of the folders here. Its recipe fine-tunes the
model on CIFAR-10, as the row's own run does with a baseline:

  bazel run //tfmot_contrib:optimize -- --technique=pruning/sparsity80 \
      --model=/tmp/resnet/model.keras --output_dir=/tmp/resnet_sparsity80

--output_dir then holds the exported models (KIND.tflite), the given one
exported in the same way (original.tflite), the Keras models (original.keras,
model.keras; another technique can start from the latter), and report.md and
report.json, which are written last. The report goes to standard output too.
Training that was killed goes on when the command is given again.
"""

import contextlib
import functools
import hashlib
import json
import os
import pathlib
import sys
import tempfile
import time
from typing import Any, Callable

from absl import app
from absl import flags
import tensorflow as tf, tf_keras
import tensorflow_model_optimization as tfmot

from official.core import exp_factory
from official.core import task_factory
from official.core import train_utils
from tfmot_contrib import errors
from tfmot_contrib import experiment
from tfmot_contrib import optimize_output
from tfmot_contrib import registry_imports  # pylint: disable=unused-import
from tfmot_contrib import surroundings
from tfmot_contrib import technique as technique_lib
from tfmot_contrib.data import cifar10_input
from tfmot_contrib.deployment import benefit
from tfmot_contrib.deployment import export
from tfmot_contrib.deployment import flatbuffer
from tfmot_contrib.modeling import flatten
from tfmot_contrib.modeling import kernels
from tfmot_contrib.modeling import saved
from tfmot_contrib.tasks import image_classification

_BASELINE = 'resnet_cifar10'
_COMPARED_IMAGES = 1000
_REPRESENTATIVE_IMAGES = 200
# What the experiments of a folder, or of one row, are called after the
# baseline, unless they are called like the folder.
_KINDS = {
    'combine/sparsity_clusters16': 'sparse_clustering',
    'quantization': 'qat',
    'quantization/official_qat': 'official_qat',
}
_CONTRIB = pathlib.Path(__file__).parent

_TECHNIQUE = flags.DEFINE_string(
    'technique',
    None,
    'What to do, FOLDER/ROW, such as pruning/sparsity80: the file'
    ' tfmot_contrib/FOLDER/configs/ROW.yaml. A wrong one lists them all.',
)
_MODEL = flags.DEFINE_string(
    'model',
    None,
    'Your trained model: a .keras file, the folder of a SavedModel that Keras'
    ' wrote, or a checkpoint of Official Models (its folder or prefix), which'
    ' needs --experiment. It takes normalized 32x32 images and gives 10'
    ' logits.',
)
_OUTPUT_DIR = flags.DEFINE_string(
    'output_dir',
    None,
    'Where to leave all results: a folder that is new, empty, or that of the'
    ' same command, which then goes on.',
)
_EXPERIMENT = flags.DEFINE_string(
    'experiment',
    None,
    'The float experiment that trained the model, such as resnet_cifar10. It'
    ' gives the architecture of a checkpoint, and its recipe is taken if the'
    f' technique has one for it. The default recipe is that of {_BASELINE}.',
)
_CONFIG_FILE = flags.DEFINE_multi_string(
    'config_file',
    [],
    'YAML files that override the recipe after the one of the technique, in'
    ' their order.',
)
_PARAMS_OVERRIDE = flags.DEFINE_string(
    'params_override',
    '',
    'YAML or a=b,c=d that overrides the recipe last, as in Official Models,'
    ' such as trainer.train_steps=200.',
)


def _say(text: str) -> None:
  """Says what happens now."""
  print(text, file=sys.stderr, flush=True)


def _absolute(path: str) -> str:
  """Returns the whole path that the user means."""
  return os.path.abspath(surroundings.path(path))


def rows() -> dict[str, pathlib.Path]:
  """Returns the config file of each technique, by FOLDER/ROW."""
  return {
      f'{path.parent.parent.name}/{path.stem}': path
      for path in sorted(_CONTRIB.glob('*/configs/*.yaml'))
      if path.stem != 'smoke'
  }


def _float_experiment(name: str) -> Any:
  """Returns a float experiment of our task, or raises `errors.InputError`."""
  params = experiment.parse(
      train_utils.ParseConfigOptions(name, config_file=[])
  )
  if not isinstance(params.task, image_classification.ImageClassificationTask):
    raise errors.InputError(
        f'--experiment={name} is of another task than'
        f' tfmot_contrib.tasks.image_classification: {_BASELINE} is one of that'
    )
  if technique_lib.create(params.task.technique):
    raise errors.InputError(
        f'--experiment={name} has a technique: name the float experiment, and'
        ' give what the technique made as --model=.../model.keras'
    )
  return params


def recipe(row: str, baseline: str, *, own_model: bool) -> tuple[str, Any]:
  """Returns how a row is trained, after the overrides of the flags.

  Args:
    row: FOLDER/ROW.
    baseline: A float experiment.
    own_model: Whether the model is that of `baseline`.

  Returns:
    The name of the experiment, and its validated config.

  Raises:
    errors.InputError: The row, the experiment or an override is wrong.
  """
  known = rows()
  if row not in known:
    raise errors.InputError(
        f'no technique {row}: --technique is one of {", ".join(known)}'
    )
  given = _float_experiment(baseline)
  folder = row.split('/')[0]
  kind = _KINDS.get(row, _KINDS.get(folder, folder))
  name = f'{baseline}_{kind}'
  if name not in exp_factory._REGISTERED_CONFIGS:  # pylint: disable=protected-access
    name = f'{_BASELINE}_{kind}'
  with tempfile.NamedTemporaryFile('w', suffix='.json') as model:
    task = {'model': given.task.model.as_dict()} if own_model else {}
    json.dump({'task': task}, model)
    model.flush()
    params = experiment.parse(
        train_utils.ParseConfigOptions(
            experiment=name,
            config_file=[
                model.name,
                str(known[row]),
                *map(_absolute, _CONFIG_FILE.value),
            ],
            params_override=_PARAMS_OVERRIDE.value,
        )
    )
  if params.task.init_model or params.task.init_checkpoint:
    raise errors.InputError(
        'task.init_model and task.init_checkpoint are not for overrides: give'
        ' what to start from as --model'
    )
  return name, params


def _is_checkpoint(path: str) -> bool:
  """Tells whether a path is a checkpoint's folder or prefix."""
  return tf.io.gfile.exists(f'{path}.index') or bool(
      tf.io.gfile.isdir(path) and tf.train.latest_checkpoint(path)
  )


def _from_checkpoint(path: str, model: Any) -> tf_keras.Model:
  """Returns the model of a checkpoint.

  Args:
    path: Its folder or prefix.
    model: The config of the model.

  Returns:
    The official model with the weights of the checkpoint.

  Raises:
    errors.InputError: The checkpoint is of another model.
  """
  config = exp_factory.get_exp_config(_EXPERIMENT.value).task
  config.override({'model': model.as_dict(), 'init_checkpoint': path})
  task = task_factory.get_task(config)
  official = task.build_model()
  task.initialize(official)
  return official


def load(path: str, params: Any) -> tf_keras.Model:
  """Reads the user's model.

  Args:
    path: What --model may be.
    params: The recipe, which has the config of the model of a checkpoint.

  Returns:
    The model, flat and in float32.

  Raises:
    errors.InputError: There is none, or it is not one for the data.
  """
  keras = pathlib.Path(path) / 'model.keras'
  if _is_checkpoint(path):
    if not _EXPERIMENT.value:
      beside = f', or take {keras}' if keras.is_file() else ''
      raise errors.InputError(
          f'{path} is a checkpoint: name the --experiment that trained'
          f' it{beside}'
      )
    model = _from_checkpoint(path, params.task.model)
  elif keras.is_file():
    raise errors.InputError(f'{path} is no model, but {keras} is: take that')
  else:
    model = saved.load(path)
  model = flatten.flatten(model, dtype='float32')
  if len(model.inputs) != 1 or len(model.outputs) != 1:
    raise errors.InputError(
        f'{path} has {len(model.inputs)} inputs and {len(model.outputs)}'
        ' outputs: a classifier has one image and one tensor of logits'
    )
  if None in model.inputs[0].shape[1:]:
    images = tf_keras.Input(cifar10_input.IMAGE_SHAPE)
    anew = tf_keras.models.clone_model(model, input_tensors=images)
    anew.set_weights(model.get_weights())
    model = anew
  shapes = tuple(model.inputs[0].shape[1:]), tuple(model.outputs[0].shape[1:])
  wanted = cifar10_input.IMAGE_SHAPE, (cifar10_input.NUM_CLASSES,)
  if shapes != wanted:
    raise errors.InputError(
        f'{path} makes {shapes[1]} of {shapes[0]}, but CIFAR-10 needs'
        f' {wanted[1]} of {wanted[0]}: train a model of it first, such as'
        f' //tfmot_contrib:train with --experiment={_BASELINE}'
    )
  last = model.outputs[0].node.layer
  if isinstance(last, tf_keras.layers.Softmax) or (
      getattr(last, 'activation', None) is tf_keras.activations.softmax
  ):
    raise errors.InputError(
        f'{path} ends with softmax, but the recipe trains on logits: save the'
        ' model without that last step'
    )
  return model


def _exported(
    output: pathlib.Path,
    name: str,
    model: tf_keras.Model,
    convert: Callable[[], bytes],
) -> tuple[bytes, list[flatbuffer.Kernel]]:
  """Leaves an exported model.

  Args:
    output: The folder.
    name: Of the file, without `.tflite`.
    model: What is exported.
    convert: Does it.

  Returns:
    The exported model, and its kernels with the names of their layers.
  """
  _say(f'Exporting {name}.tflite')
  tflite = convert()
  optimize_output.write(output / f'{name}.tflite', tflite)
  layers = kernels.by_channel(model)
  return tflite, flatbuffer.named(flatbuffer.kernels(tflite), layers)


def optimize(
    params: Any, given: tf_keras.Model, output: pathlib.Path
) -> dict[str, Any]:
  """Trains, exports and measures.

  Args:
    params: The recipe.
    given: The user's model, flat.
    output: The folder for all that is left.

  Returns:
    What the report tells of it.

  Raises:
    errors.InputError: The technique refuses the model, or the data are wrong.
  """
  data = params.task.train_data, params.task.validation_data
  images, examples = (cifar10_input.load(d.split, d.input_path) for d in data)
  images = cifar10_input.normalize(images.images[:_REPRESENTATIVE_IMAGES])
  compared = cifar10_input.normalize(examples.images[:_COMPARED_IMAGES])
  before = given.predict(compared, verbose=0)
  convert = functools.partial(export.to_tflite, given)
  made = {'original': _exported(output, 'original', given, convert)}
  start = output / 'original.keras'
  with optimize_output.writing(start) as partial:
    given.save(partial, save_format='keras')
  params = params.replace(task={'init_model': str(start)})
  steps, begin = params.trainer.train_steps, time.monotonic()
  _say(f'Training {steps} steps' if steps else 'Nothing to train')
  model, _, task = experiment.train(
      params, 'train' if steps else 'eval', str(output / 'train')
  )
  training = {'steps': steps, 'seconds': round(time.monotonic() - begin, 1)}
  model = task.result(model)
  tf_keras.mixed_precision.set_global_policy('float32')
  after = model.predict(compared, verbose=0)
  with optimize_output.writing(output / 'model.keras') as partial:
    model.save(partial, save_format='keras')
  for kind in task.technique.kinds:
    convert = functools.partial(task.technique.export, model, kind, images)
    made[kind] = _exported(output, kind, model, convert)
  exported = {kind: named for kind, (_, named) in made.items()}
  del exported['original']
  invariants = dict(task.technique.invariants(exported))
  measured = {}
  for kind, (tflite, named) in made.items():
    _say(f'Measuring {kind}.tflite on {len(examples.labels)} images')
    measured[kind] = benefit.measure(
        tflite,
        examples,
        before if kind == 'original' else after,
        made['original'][0],
        [k.name for k in named],
    )
  return {
      'images': len(examples.labels),
      'split': params.task.validation_data.split,
      'training': training,
      'invariants': invariants,
      'original': measured.pop('original'),
      'exported': measured,
  }


def run() -> str:
  """Does what the flags ask for.

  Returns:
    The report, in Markdown.

  Raises:
    errors.InputError: A flag is wrong.
  """
  row, path = _TECHNIQUE.value, _absolute(_MODEL.value)
  output = pathlib.Path(_absolute(_OUTPUT_DIR.value))
  baseline = _EXPERIMENT.value or _BASELINE
  name, params = recipe(row, baseline, own_model=_is_checkpoint(path))
  _say(f'Loading {path}')
  model = load(path, params)
  weights = b''.join(weight.tobytes() for weight in model.get_weights())
  request = {
      'technique': row,
      'experiment': name,
      'model': hashlib.sha256(weights).hexdigest(),
      'params': params.as_dict(),
      'versions': {'tensorflow': tf.__version__, 'tfmot': tfmot.__version__},
  }
  with optimize_output.claimed(output, request):
    if not (output / 'report.md').is_file():
      report = {**optimize(params, model, output), **request, 'model': path}
      text = json.dumps(report, indent=1, sort_keys=True) + '\n'
      optimize_output.write(output / 'report.json', text)
      optimize_output.write(
          output / 'report.md', optimize_output.markdown(report)
      )
    return (output / 'report.md').read_text('utf-8')


@errors.exits_with_one_line
def main(_) -> None:
  """Optimizes the model of the flags and prints the report."""
  with contextlib.redirect_stdout(sys.stderr):
    text = run()
  print(text, end='')


if __name__ == '__main__':
  flags.mark_flags_as_required(['technique', 'model', 'output_dir'])
  app.run(main)
