#ifndef TINK_VECTORS_H
#define TINK_VECTORS_H

#include "crypto/digest.h"

/* Tink's own vectors of AES-GCM-HKDF streaming (tink-crypto/tink-java,
 * AesGcmHkdfStreamingTestUtil.java). */
/* clang-format off */
static const struct {
	enum crypto_digest_kind hash;
	size_t derived;
	uint64_t segment;
	const char *key, *ad, *plain, *sealed;
} tink_vectors[] = {
	{ CRYPTO_SHA1, 16, 64,
	    "6eb56cdc726dfbe5d57f2fcdc6e9345b",
	    "616164",
	    "54686973206973206120666169726c79206c6f6e6720706c61696e746578742e"
	    "204974206973206f6620746865206578616374206c656e67746820746f206372"
	    "65617465207468726565206f757470757420626c6f636b732e20",
	    "1893b3af5e14ab378d065addfc8484da642c0862877baea8db92d9c77406a406"
	    "168478821c4298eab3e6d531277f4c1a051714faebcaefcbca7b7be05e9445ea"
	    "a0bb2904153398a25084dd80ae0edcd1c3079fcea2cd3770630ee36f7539207b"
	    "8ec9d754956d486b71cdf989f0ed6fba6779b63558be0a66e668df14e1603cd2"
	    "af8944844078345286d0b292e772e7190775c51a0f83e40c0b75821027e7e538"
	    "e111" },
	{ CRYPTO_SHA1, 16, 64,
	    "6eb56cdc726dfbe5d57f2fcdc6e9345b",
	    "",
	    "",
	    "18ec99b2c3884194023bd41bb9bff309205354c750fa0cb3c0d02609abf71f88"
	    "eaeaa48d7deca27f" },
	{ CRYPTO_SHA256, 16, 64,
	    "6eb56cdc726dfbe5d57f2fcdc6e9345b",
	    "",
	    "",
	    "18be78bce0cab6fd38a9041eea8ab0ffc4cf17e3c00b661d3927f5f79069f41a"
	    "210fedc40b25648c" },
	{ CRYPTO_SHA512, 16, 64,
	    "6eb56cdc726dfbe5d57f2fcdc6e9345b",
	    "",
	    "",
	    "18fec8139ccb406e0f140d7e2bcc41e1b899bc1b121574cc31d1c78ed2ca1cdf"
	    "324665b8dce21095" },
	{ CRYPTO_SHA1, 16, 64,
	    "00112233445566778899aabbccddeeff6eb56cdc726dfbe5d57f2fcdc6e9345b",
	    "",
	    "",
	    "180880e85a24207a7b72cefde26306ed09d7d76e58104b751d005a3ffd72dd61"
	    "51f0d9c8ccf163f7" },
	{ CRYPTO_SHA1, 32, 64,
	    "00112233445566778899aabbccddeeff6eb56cdc726dfbe5d57f2fcdc6e9345b",
	    "",
	    "",
	    "28fae780c70a82d1256c8303a1261ac6a98cf557b4e173967a62f3c149517ba5"
	    "b2431da93b3c6e90f508b34dc14bfda59bab05681c6ad3fa" },
	{ CRYPTO_SHA1, 32, 128,
	    "00112233445566778899aabbccddeeff6eb56cdc726dfbe5d57f2fcdc6e9345b",
	    "",
	    "",
	    "28fae780c70a82d1256c8303a1261ac6a98cf557b4e173967a62f3c149517ba5"
	    "b2431da93b3c6e90f508b34dc14bfda59bab05681c6ad3fa" },
	{ CRYPTO_SHA1, 32, 120,
	    "00112233445566778899aabbccddeeff6eb56cdc726dfbe5d57f2fcdc6e9345b",
	    "00010203",
	    "424c4f434b20312e424c4f434b20322e424c4f434b20332e424c4f434b20342e"
	    "424c4f434b20352e424c4f434b20362e424c4f434b20372e424c4f434b20382e",
	    "28782994617714a80fa085e15051a16854522330d6d0f26c049b2192f09cdd98"
	    "b2eb90c753bfff277a29e54fa4afb15d648c28477eb07f012535c767f5fdce24"
	    "ffffae318480c1d37357d6d3c511159318afa09ef38aa3f5456fd7817c5c02dd"
	    "6e1a7fef174c8bd24e38b5982ac105497c0101ac5581fe5b" },
};
/* clang-format on */

#endif
