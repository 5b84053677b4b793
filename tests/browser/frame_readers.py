"""Scripts for pages and workers that identify the frames of the test pattern."""

# blockReader(canvas) returns a function (image, width, height) that reads the block
# (docs/pattern-block.md) of an image of that size: its sequence number and its capture time in
# milliseconds, or null if it has none.
BLOCK_READER = """
const crc16 = bytes => {
  let crc = 0xFFFF;
  for (const byte of bytes) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; ++bit) crc = (crc & 0x8000 ? crc << 1 ^ 0x1021 : crc << 1) & 0xFFFF;
  }
  return crc;
};
const blockReader = canvas => {
  const context = canvas.getContext("2d", {willReadFrequently: true});
  return (image, imageWidth, imageHeight) => {
    const cell = imageWidth >= 1280 && imageHeight >= 720 ? 16 : 8;
    const width = canvas.width = 18 * cell, height = canvas.height = 9 * cell;
    context.drawImage(image, 0, 0, width, height, 0, 0, width, height);
    const pixels = context.getImageData(0, 0, width, height).data;
    const bytes = new Uint8Array(14);
    for (let index = 0; index < 112; ++index) {
      const x = (index % 16 + 1) * cell + cell / 2, y = (Math.floor(index / 16) + 1) * cell + cell / 2;
      if (pixels[(y * width + x) * 4 + 1] >= 128) bytes[index >> 3] |= 0x80 >> index % 8;
    }
    const view = new DataView(bytes.buffer);
    if (crc16(bytes.subarray(0, 12)) !== view.getUint16(12)) return null;
    return {sequence: view.getUint32(0), captured: Number(view.getBigUint64(4)) / 1000};
  };
};
"""

# watch(image) reads the block (docs/pattern-block.md) of an image or a canvas before each repaint and appends
# to window.seen for each new frame: sequence number, capture time and current time, both in
# milliseconds.
WATCH = f"""
(() => {{
  {BLOCK_READER}
  const read = blockReader(document.createElement("canvas"));
  window.readBlock = image => {{
    const [width, height] = [image.naturalWidth ?? image.width, image.naturalHeight ?? image.height];
    return width ? read(image, width, height) : null;
  }};
  window.watch = image => {{
    const seen = window.seen = [];
    const look = () => {{
      if (window.seen !== seen) return;
      const block = window.readBlock(image);
      if (block && (!seen.length || seen.at(-1)[0] !== block.sequence)) {{
        seen.push([block.sequence, block.captured, performance.timeOrigin + performance.now()]);
      }}
      requestAnimationFrame(look);
    }};
    look();
  }};
}})()
"""

# stampOf(bytes) returns the sequence number from the stamp of a JPEG, and throws if any byte behind
# the stamp is damaged or missing.
STAMP_READER = r"""
const crcTable = Uint32Array.from({length: 256}, (_, value) => {
  for (let bit = 0; bit < 8; ++bit) value = value & 1 ? value >>> 1 ^ 0xEDB88320 : value >>> 1;
  return value;
});
const crc32 = bytes => {
  let crc = 0xFFFFFFFF;
  for (const byte of bytes) crc = crcTable[(crc ^ byte) & 0xFF] ^ crc >>> 8;
  return ~crc >>> 0;
};
const stampOf = jpeg => {
  const stamp = String.fromCharCode(...jpeg.subarray(0, 200)).match(/ringcast seq=(\d{10}) time=\d{19} crc=([0-9a-f]{8})/);
  if (!stamp || jpeg[0] !== 0xFF || jpeg[1] !== 0xD8) throw new Error("a frame without stamp");
  if (crc32(jpeg.subarray(stamp.index + stamp[0].length)) !== parseInt(stamp[2], 16)) throw new Error("a damaged frame");
  return Number(stamp[1]);
};
"""
