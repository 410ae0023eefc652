// The kernels of class "amx": those of avx512vnni, with the products of many columns by AMX tiles.
//
// TDPBSSD multiplies 16 columns of activations by 16 rows of a panel at once, a run at a time. Its
// integer sums are exact, and what follows is panel_kernels.h's, so the bits are avx512vnni's.
// Where half a run has its own scale, tiles would be half empty, and VPDPBUSD is faster.
#include "tensor/kernels_by_class.h"
#include "tensor/panel_kernels.h"

#if defined(__x86_64__)
#include <immintrin.h>

namespace retort::tensor {
namespace {

// The tag of this file's own copy of what all of 512 bits share.
struct ThisFile;
using AmxInt8 = VnniInt8<ThisFile>;

constexpr std::size_t kTileRows = 16;

// The memory format of LDTILECFG, palette 1.
struct alignas(64) TileConfig {
  std::uint8_t palette = 1;
  std::uint8_t start_row = 0;
  std::uint8_t reserved[14] = {};
  std::uint16_t row_bytes[16] = {};
  std::uint8_t rows[16] = {};
};

// Tiles 0 to 3 hold products, 4 and 5 activations, 6 and 7 weights, in turn: measured some percent
// faster than with one of each, though not in a loop that does nothing else.
//
// A unit of work is 16 columns by one group of rows. Tiles cannot be added to floats: products go
// through memory, and a load of what a tile has just stored waits long. So the tiles are one unit
// ahead: while a unit's products are scaled and added, the next one's are stored, over those read
// just before. With two buffers loads would wait for stores whose addresses end in the same 12
// bits.
struct AmxPanels {
  static constexpr std::size_t kColumnsLeast = 5;
  static constexpr std::size_t kFewColumns = 8;
  static constexpr bool kTakesStarts = false;
  static constexpr std::size_t kParts = 8;  // at a time
  static constexpr int kProductTiles = 4;
  static constexpr std::size_t kProducts = kTileRows * kRowGroup;

  template <PanelShape S>
  static void begin(std::size_t batch) {
    constexpr std::size_t kElements = kQuantBlock / S.parts;
    const std::size_t columns = batch <= kFewColumns ? kFewColumns : kTileRows;
    TileConfig config;
    for (int tile = 0; tile < kProductTiles; ++tile) set_tile(config, tile, columns, 64);
    for (const int tile : {4, 5}) set_tile(config, tile, columns, kElements);
    for (const int tile : {6, 7}) set_tile(config, tile, kElements / 4, 64);
    _tile_loadconfig(&config);
  }
  static void end() { _tile_release(); }

  // Up to kParts parts of a panel, from `first` on.
  struct Parts {
    const Panel& panel;
    const PanelInputs x;  // a copy, which stores to the sums cannot change
    std::size_t first;
    std::size_t count;
  };

  // One part's products of unit `unit`, as [column, row]. Of columns behind the last one whatever
  // lies there is multiplied, within the activations' memory (Activations::reserve), and never
  // looked at.
  // Turn is part % kProductTiles: tiles are named at compile time.
  template <PanelShape S, int Turn>
  static void multiply_part(const Parts& p, std::size_t unit, std::size_t part, std::int32_t* to) {
    constexpr std::size_t kElements = kQuantBlock / S.parts;
    const std::size_t at = (p.first + part) * kElements;
    const std::size_t column = at / kQuantBlock * p.x.batch + unit / kPanelGroups * kTileRows;
    const std::int8_t* values = p.x.values + column * kQuantBlock + at % kQuantBlock;
    const std::int8_t* codes = p.panel.codes[unit % kPanelGroups];
    _tile_loadd(4 + Turn % 2, values, kQuantBlock);
    _tile_loadd(6 + Turn % 2, codes + at * kRowGroup, 64);
    _tile_zero(Turn);
    _tile_dpbssd(Turn, 4 + Turn % 2, 6 + Turn % 2);
    _tile_stored(Turn, to + part * kProducts, 64);
  }

  // Calls step.template operator()<Turn>(part) for each part.
  template <typename Step>
  static void for_parts(std::size_t count, const Step& step) {
    for (std::size_t part = 0; part < count; part += kProductTiles) {
      [&]<int... Turn>(std::integer_sequence<int, Turn...>) {
        ((part + Turn < count ? step.template operator()<Turn>(part + Turn) : void()), ...);
      }(std::make_integer_sequence<int, kProductTiles>{});
    }
  }

  // Adds a unit's products to its sums; where there is one more, the tiles store its products over
  // those just read.
  template <PanelShape S, std::size_t Columns>
  static void add_unit(const Parts& p, std::size_t unit, bool more, std::int32_t* products,
                       NextPanel& next, float* to) {
    __m512 sums[Columns];
    for (std::size_t c = 0; c < Columns; ++c) sums[c] = _mm512_load_ps(to + c * kPanelRows);
    for_parts(p.count, [&]<int Turn>(std::size_t part) {
      next.step();
      const PartFactors by = part_factors<S>(p.panel, p.x, unit % kPanelGroups, p.first + part,
                                             unit / kPanelGroups * kTileRows);
      for (std::size_t c = 0; c < Columns; ++c) {
        const __m512i product = _mm512_load_si512(products + part * kProducts + c * kRowGroup);
        sums[c] = add_products<S>(by, c, product, sums[c]);
      }
      if (more) multiply_part<S, Turn>(p, unit + 1, part, products);
    });
    for (std::size_t c = 0; c < Columns; ++c) _mm512_store_ps(to + c * kPanelRows, sums[c]);
  }

  template <PanelShape S>
  static void multiply(const Panel& panel, const PanelInputs& x, std::size_t columns, float* sums,
                       NextPanel& next) {
    alignas(4096) std::int32_t products[kParts * kProducts];
    const std::size_t units = (columns + kTileRows - 1) / kTileRows * kPanelGroups;
    const std::size_t parts = panel.runs * S.parts;
    next.spread(units * parts);
    for (std::size_t first = 0; first < parts; first += kParts) {
      const Parts p = {panel, x, first, parts - first < kParts ? parts - first : kParts};
      for_parts(p.count,
                [&]<int Turn>(std::size_t part) { multiply_part<S, Turn>(p, 0, part, products); });
      for (std::size_t unit = 0; unit < units; ++unit) {
        float* to =
            sums + unit / kPanelGroups * kTileRows * kPanelRows + unit % kPanelGroups * kRowGroup;
        if (x.batch <= kFewColumns) {
          add_unit<S, kFewColumns>(p, unit, unit + 1 < units, products, next, to);
        } else {
          add_unit<S, kTileRows>(p, unit, unit + 1 < units, products, next, to);
        }
      }
    }
  }

 private:
  static void set_tile(TileConfig& config, int tile, std::size_t rows, std::size_t row_bytes) {
    config.rows[tile] = static_cast<std::uint8_t>(rows);
    config.row_bytes[tile] = static_cast<std::uint16_t>(row_bytes);
  }
};

// The 8-bit peak: a tile of 16 by 64 times one of 64 by 16.
int amx_peak(std::size_t rounds, std::size_t& operations) {
  TileConfig config;
  for (int i = 0; i < 8; ++i) {
    config.rows[i] = kTileRows;
    config.row_bytes[i] = 64;
  }
  _tile_loadconfig(&config);
  alignas(64) std::int8_t ones[kTileRows * 64];
  for (std::int8_t& one : ones) one = 1;
  alignas(64) std::int32_t sums[kTileRows * kRowGroup];
  _tile_loadd(6, ones, 64);
  _tile_loadd(7, ones, 64);
  _tile_zero(0);
  _tile_zero(1);
  _tile_zero(2);
  _tile_zero(3);
  for (std::size_t round = 0; round < rounds; round += 64) {
    _tile_dpbssd(0, 6, 7);
    _tile_dpbssd(1, 6, 7);
    _tile_dpbssd(2, 6, 7);
    _tile_dpbssd(3, 6, 7);
  }
  int sum = 0;
  _tile_stored(0, sums, 64);
  sum += sums[0];
  _tile_stored(1, sums, 64);
  sum += sums[0];
  _tile_stored(2, sums, 64);
  sum += sums[0];
  _tile_stored(3, sums, 64);
  sum += sums[0];
  _tile_release();
  operations = 4 * kTileRows * kRowGroup * 64 * 2 / 64;  // a 64th of the rounds is run
  return sum;
}

}  // namespace

void set_amx_kernels(Kernels& kernels) {
  set_avx512vnni_kernels(kernels);
  kernels.kernel_class = KernelClass::amx;
  set_panel_kernels<AmxPanels, VnniPanels<AmxInt8>, AmxInt8>(kernels);
  kernels.int8_loop = amx_peak;
}

}  // namespace retort::tensor
#endif
