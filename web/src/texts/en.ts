// Every word that the page says, in English. Another language is another file of this shape, named in index.ts.

import type { FaultCode } from "../fault";
import type { Part } from "../model/description";

/** On which side of a level a probability lies. */
export type Side = "above" | "below";

const percent = new Intl.NumberFormat("en", { style: "percent" });

/** A probability for people: no false precision, and never 0 or 1. */
function share(probability: number): string {
  if (probability < 0.01) return "under 1%";
  if (probability > 0.99) return "over 99%";
  return percent.format(probability);
}

const outOf100 = (rate: number) => String(Math.round(rate * 100));
const milliseconds = (time: number) => (time < 1000 ? `${Math.round(time)} ms` : `${(time / 1000).toFixed(1)} s`);
/** A difference, rounded up to four places. */
const upTo = (difference: number) => (Math.floor(difference * 1e4 + 1) / 1e4).toFixed(4);
const megabytes = (bytes: number) => (bytes / 1e6).toFixed(1);

export const en = {
  language: "en",
  name: "Skinlesion",
  title: "Skinlesion: dermatoscopic photographs, classified on this device",
  tagline: "Names what a dermatoscopic photograph most likely shows. Pictures never leave this device.",
  share,
  /** A diagnosis in the midst of a sentence. */
  within: (name: string) => name.charAt(0).toLowerCase() + name.slice(1),
  /** What a network's numbers are, by its format. */
  precision: { onnx: "32-bit", "onnx-fp16": "16-bit", "onnx-int8": "8-bit" } as Record<string, string>,
  milliseconds,
  /** Images that something was measured on. */
  images: { val: "validation images", out_of_fold: "images left out in cross-validation" } satisfies Record<Part, string>,

  stage: {
    label: "Picture",
    invitation: "Put a dermatoscopic photograph here",
    hint: "Take one, choose one, or drop a file.",
    camera: "Take a picture",
    file: "Choose a photo",
    picture: "The picture that was classified",
    preparing: "Looking at the picture…",
    loading: (read: number, of: number) => `Loading the network: ${megabytes(read)} of ${megabytes(of)} MB`,
    warming: "Getting the network ready…",
    ready: "Ready.",
  },

  camera: {
    label: "Viewfinder",
    guide: "Hold the dermatoscope to the camera; the lesion should fill the ring.",
    shutter: "Take the picture",
    cancel: "Cancel",
  },

  engines: {
    legend: "Where the network runs",
    cpu: "CPU",
    gpu: "GPU",
    opening: "…",
    loading: "Loading what the GPU needs, 7 MB…",
    fellBack: (reason: string) => `${reason} Using the CPU instead.`,
    using: { cpu: "the CPU", gpu: "the GPU" },
  },

  result: {
    heading: "Answer",
    foreign: "This does not look like a dermatoscopic photograph",
    foreignMore: "The network knows such photographs alone, and has a name for every picture. Do not read the names below as an answer.",
    notSure: "Not sure",
    notSureMore: (share: string, level: string) => `The likeliest name has ${share}; below ${level} the network should not be believed.`,
    notSureProof: (images: string, level: string, kept: number, right: number) =>
      `On ${images} it was at least ${level} sure in ${outOf100(kept)} of 100 cases, and its likeliest name was right in ${outOf100(right)} of 100 of those.`,
    likeliest: "Likeliest",
    /** Where the name that is given is not the likeliest, which is `name`. */
    balanced: (name: string, share: string) =>
      `Named by the balanced rule, which looks for rare diagnoses earlier; the likeliest is ${name}, at ${share}.`,
    malignant: "Malignant",
    benign: "Benign",
    refer: "Show this to a doctor",
    /** A level of probability, and what it finds and costs on the images that it was chosen on. */
    level: {
      melanoma: (side: Side, share: string, level: string, sensitivity: number) =>
        `Melanoma’s probability, ${share}, is ${side} ${level}, the level at which the network finds ${outOf100(sensitivity)} of 100 melanomas.`,
      malignant: (side: Side, share: string, level: string, sensitivity: number) =>
        `All malignant names together, ${share}, are ${side} ${level}, the level at which the network finds ${outOf100(sensitivity)} of 100 malignant lesions.`,
      watched: (name: string, side: Side, share: string, level: string, sensitivity: number) =>
        `The probability of ${name}, ${share}, is ${side} ${level}, the level at which the network finds ${outOf100(sensitivity)} of 100.`,
      missed: (sensitivity: number) => `That is no all-clear: ${outOf100(1 - sensitivity)} of 100 lie below it, too.`,
      referred: (lesions: number, images: string) => `Measured on ${images}, where it refers ${lesions.toFixed(1)} lesions for each one found.`,
    },
    time: (running: number, preparing: number, where: string, precision: string) =>
      `${milliseconds(running)} on ${where} (${precision} network), after ${milliseconds(preparing)} to prepare the picture.`,
    remember: "Research software. This is not a diagnosis.",
    spoken: (names: string[], note: string) => `Answer: ${names.join("; ")}. ${note}`,
  },

  evidence: {
    show: "Show what the network looked at",
    of: "Class of the heat map",
    least: "no influence",
    most: "most influence",
  },

  examples: {
    heading: "Examples",
    about: "Drawn pictures, not photographs of anybody, with the answers that the program gave on a computer. Below each stands what the network makes of it. It is wrong with photographs, too.",
    verdicts: { right: "named right", wrong: "named wrong", unsure: "not sure", foreign: "not a photograph" },
    drawnAs: (truth: string) => `Drawn as ${truth}`,
    unnamed: (number: number) => `Example ${number}, a drawn picture`,
    result: {
      none: "This is a drawn picture, not a photograph.",
      right: (truth: string) => `This picture was drawn as ${truth}: the network names it right.`,
      foreign: (truth: string) => `This picture was drawn as ${truth}: the network notices that it is no photograph.`,
      unsure: (truth: string) => `This picture was drawn as ${truth}: the network is not sure.`,
      wrong: (truth: string) => `This picture was drawn as ${truth}: the network names it wrong. It does so with photographs, too.`,
    },
    check: "Check this device",
    checking: "Checking…",
    agrees: (images: number, difference: number) =>
      `This device agrees with the program on all ${images} examples: probabilities differ by less than ${upTo(difference)}.`,
    disagrees: (images: number, difference: number) =>
      `This device does not agree with the program: on ${images} examples probabilities differ by up to ${upTo(difference)}. Do not rely on it.`,
    prepared: (same: number, of: number, worst: number) =>
      same === of ? "It prepares them to the very same bytes." : `It prepares ${same} of ${of} to the same bytes; the others differ by up to ${worst} of 255.`,
  },

  consent: {
    heading: "Before the first answer",
    notAdvice: "This is not medical advice. If a spot on your skin worries you, or changes, show it to a doctor, whatever this page says.",
    intended: "What it is meant for",
    accept: "I understand",
    cancel: "Not now",
  },

  about: {
    heading: "About this network",
    meant: "What it is for",
    private: "Your pictures",
    privateMore:
      "Everything happens in this browser. Pictures are not uploaded, not kept, and the page asks no other server for anything. Once opened it works without a network, and it can be installed from the browser’s menu.",
    decision: {
      heading: "How it names a diagnosis",
      likeliest: "It names the diagnosis with the largest probability.",
      balanced:
        "It names a diagnosis by the balanced rule, which needs a smaller probability for a rare diagnosis than for a frequent one. It misses fewer rare cancers and is wrong more often on common moles. The list of diagnoses stays in the order of probability.",
      reason: (reason: string) => `Why this rule: ${reason}.`,
    },
    good: "How good it is",
    goodMore: {
      val: "On validation images, on which choices were made, so that these figures flatter:",
      out_of_fold: "From cross-validation: of networks trained like this one, each on images that its training left out:",
    } satisfies Record<Part, string>,
    goodOfLikeliest: "These figures take the likeliest diagnosis as the answer, not the one that the balanced rule names.",
    figures: {
      accuracy: "of images are named right",
      balanced_accuracy: "the same, with every diagnosis counting alike",
      melanoma_recall: "of melanomas are named melanoma",
    } as Record<string, string>,
    prepared: "How a picture is prepared",
  },

  footer: {
    model: (hash: string) => `Model ${hash}`,
    licence: (licence: string) => `Licence of the weights: ${licence}.`,
    written: (program: string) => `Exported by ${program}.`,
    licences: "Licences of the page and of ONNX Runtime, which runs the network",
    offline: "Ready to work offline.",
    update: "A new version of this page is here.",
    reload: "Use it now",
  },

  notice: { close: "Close" },

  faults: {
    "browser-old": () => "This browser is too old for the page. A current Chrome, Edge, Firefox or Safari runs it.",
    "model-missing": () => "The network’s description could not be loaded. Check the connection, then open the page again.",
    "model-unknown": what => `This page does not understand the network’s description (${what}). It needs a newer page, or an older network.`,
    "network-none": () => "The folder holds no network that this page can run.",
    "network-missing": () => "The network could not be loaded. Check the connection, then try again.",
    "network-damaged": file => `${file} is not the file that its description names: it is damaged or was changed. It is not used.`,
    "network-failed": why => `The network could not be run here (${why}).`,
    "picture-not-one": () => "This file is not a picture. Choose a JPEG or PNG photograph.",
    "picture-kind": kind => `This browser cannot read ${kind} pictures. Choose a JPEG or PNG photograph.`,
    "picture-ends-early": () => "This picture is incomplete: the file ends early. Copy it again, then try once more.",
    "picture-too-large": size => `This picture has ${size} megapixels; a phone can hold 110. Choose a smaller one.`,
    "picture-small": size => `This picture has ${size} pixels; 64 on each side are the least. Choose a larger one.`,
    "picture-strip": size => `This picture has ${size} pixels, one side more than four times the other. Choose another.`,
    "picture-unreadable": () => "This picture could not be read. It may be damaged, or too large for this device.",
    "gpu-missing": () => "This browser has no GPU access.",
    "gpu-failed": () => "The GPU could not run the network.",
    "camera-insecure": () => "The camera works only on pages opened over https. “Choose a photo” can take one instead.",
    "camera-refused": () => "This page may not use the camera. Allow it in the browser’s settings for this site, or use “Choose a photo”.",
    "camera-none": () => "No camera was found. Use “Choose a photo” instead.",
    "camera-busy": () => "The camera could not be started; another app may be using it. Close that app, or use “Choose a photo”.",
  } satisfies Record<FaultCode, (detail: string) => string> as Record<FaultCode, (detail: string) => string>,
};

export type Texts = typeof en;
