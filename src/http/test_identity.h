// A key and a certificate made on the spot, for the tests that speak TLS. Only *_test.cc include
// it.
#pragma once

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <unistd.h>

#include <filesystem>
#include <memory>
#include <string>

namespace retort::http::test {

template <auto Free>
struct Deleter {
  template <typename T>
  void operator()(T* object) const {
    Free(object);
  }
};
using Key = std::unique_ptr<EVP_PKEY, Deleter<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Deleter<X509_free>>;

// A key and a certificate for "localhost" signed by it, in PEM files of a folder that goes away.
class Identity {
 public:
  explicit Identity(const std::string& name)
      : folder_(std::filesystem::path(testing::TempDir()) / (name + std::to_string(::getpid()))) {
    std::filesystem::create_directories(folder_);
    const Key key(EVP_EC_gen("P-256"));
    const Certificate certificate(X509_new());
    X509_set_version(certificate.get(), 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -60);
    X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 3600);
    X509_set_pubkey(certificate.get(), key.get());
    X509_NAME* subject = X509_get_subject_name(certificate.get());
    const unsigned char common_name[] = "localhost";
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, common_name, -1, -1, 0);
    X509_set_issuer_name(certificate.get(), subject);
    X509_sign(certificate.get(), key.get(), EVP_sha256());
    write(certificate_file(), [&](BIO* file) { PEM_write_bio_X509(file, certificate.get()); });
    write(key_file(), [&](BIO* file) {
      PEM_write_bio_PrivateKey(file, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
    });
  }
  ~Identity() { std::filesystem::remove_all(folder_); }

  std::string certificate_file() const { return folder_ / "cert.pem"; }
  std::string key_file() const { return folder_ / "key.pem"; }
  std::string folder() const { return folder_; }

 private:
  template <typename Write>
  static void write(const std::string& path, Write put) {
    BIO* file = BIO_new_file(path.c_str(), "w");
    put(file);
    BIO_free(file);
  }

  std::filesystem::path folder_;
};

}  // namespace retort::http::test
