-- AlterTable
ALTER TABLE "providers" ADD COLUMN     "callback_addresses" TEXT[] DEFAULT ARRAY[]::TEXT[];
