// Beast's bodies and those of Asio's TLS, compiled here once (BOOST_BEAST_SEPARATE_COMPILATION,
// BOOST_ASIO_SEPARATE_COMPILATION). Asio's own are in base/async.cc.
#include <boost/asio/ssl/impl/src.hpp>
#include <boost/beast/src.hpp>
